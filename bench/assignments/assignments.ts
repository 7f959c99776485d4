/**
 * `npm run bench assignments`: what a thousand access-policy assignments on one cache cost its clients, beside a cache without any on the
 * same service. Who holds an access key and who logs in with a token are measured, each at both caches in turn.
 */
import { connect } from "node:tls";
import { ClientSecretCredential } from "@azure/identity";
import { systemClock } from "@larder/service";
import { runCommand } from "../../tests/fixture/command-run.ts";
import { larderPath, startService, type TestService } from "../../tests/fixture/service.ts";
import { rotated } from "../compare.ts";
import { type Goals, goalTables } from "../goal-tables.ts";
import { type Endpoint, fillKeys, type Load, runLoad } from "../load.ts";
import { describeMachine, machineText } from "../machine.ts";
import { showProgress } from "../progress.ts";
import { median, quantile } from "../quantile.ts";
import { writeResult } from "../result.ts";

const assignmentsCount = 1_000;
const policiesCount = 50;
const wantedRatio = 0.95;
const loginsCount = 100;
const loads = ([1, 16] as const).flatMap((pipeline) =>
  (["GET", "SET"] as const).map((command): Load => ({ clients: 50, pipeline, command, valueBytes: 16 })),
);
const requestsOf = ({ pipeline }: Load) => (pipeline === 1 ? 80_000 : 400_000);

interface Person {
  objectId: string;
  token: string;
}

/** One way into one cache. */
interface Way {
  cache: "none" | "many";
  by: "key" | "token";
  endpoint: Endpoint;
}

interface Run {
  way: Way;
  load: Load;
  requestsPerSecond: number;
}

export async function benchAssignments({
  isQuick,
  signal,
}: {
  isQuick: boolean;
  signal: AbortSignal;
}): Promise<boolean> {
  const machine = await describeMachine([{ name: "valkey-server", command: ["valkey-server", "--version"] }]);
  await using stack = new AsyncDisposableStack();
  const service = await startService({ identity: true });
  stack.defer(() => service.stop());
  const person = await signIn(service);
  const none = await makeCache(service, "none", person);
  const many = await makeCache(service, "many", person);
  const assignMs = await assignMany(service, signal);
  const ways = [...waysOf("none", none, person), ...waysOf("many", many, person)];
  const runs = await measure(ways, isQuick ? 3 : 9, signal);
  const logins = new Map<Way, number[]>();
  for (const way of ways) logins.set(way, await logInAgain(way, service, signal));
  const result = judge(runs, logins, assignMs);
  const text = `${goalTables(result)}\n\n${machineText(machine)}`;
  writeResult(isQuick ? "assignments-quick" : "assignments", { machine, ...result }, text);
  return result.goals.every(({ isMet }) => isMet);
}

/** A service principal of the service's own identity provider, with a token for caches. */
async function signIn(service: TestService): Promise<Person> {
  const run = await runCommand([larderPath, "principal", "add", "bench", "--json"], { dataDir: service.dataDir });
  const { applicationId, objectId, issued } = JSON.parse(run.stdout);
  const { calls } = service.client;
  const { authentication } = await calls.json<{ authentication: { loginEndpoint: string; tenant: string } }>(
    calls.call("/metadata/endpoints"),
  );
  const credential = new ClientSecretCredential(authentication.tenant, applicationId, issued.secret, {
    authorityHost: authentication.loginEndpoint,
    disableInstanceDiscovery: true,
    tlsOptions: { ca: await Bun.file(service.connection.ca).text() },
  });
  return { objectId, token: (await credential.getToken("https://redis.azure.com/.default")).token };
}

/** Its keys and this one person are let in. */
async function makeCache(service: TestService, name: string, { objectId }: Person): Promise<Endpoint> {
  const sku = { name: "Basic", family: "C", capacity: 1 } as const;
  const cache = await service.createCache(name, { sku, redisConfiguration: { "aad-enabled": "true" } });
  const at = addressOf(service, name);
  const body = { properties: { objectId, objectIdAlias: "bench", accessPolicyName: "Data Owner" } } as const;
  await service.client.access.putAssignment(at, "bench", body.properties);
  const { primaryKey } = await service.client.listKeys(at);
  return { port: cache.properties.larder.endpoint.tlsPort, caPath: service.connection.ca, password: primaryKey };
}

/** How long each took until engine and gateway had it. */
async function assignMany(service: TestService, signal: AbortSignal): Promise<number[]> {
  const at = addressOf(service, "many");
  const { access } = service.client;
  for (let number = 0; number < policiesCount; number++)
    await access.putPolicy(at, `team ${number}`, `+@read +@write +@connection ~team-${number}:*`);
  const tookMs: number[] = [];
  for (let number = 1; number < assignmentsCount; number++) {
    signal.throwIfAborted();
    const startMs = systemClock.monotonicMs();
    await access.putAssignment(at, `person-${number}`, {
      objectId: crypto.randomUUID(),
      objectIdAlias: `person-${number}`,
      accessPolicyName: `team ${number % policiesCount}`,
    });
    tookMs.push(systemClock.monotonicMs() - startMs);
  }
  return tookMs;
}

function addressOf(service: TestService, name: string) {
  return { resourceGroup: service.connection.resourceGroup, name };
}

function waysOf(cache: Way["cache"], endpoint: Endpoint, { objectId, token }: Person): Way[] {
  return [
    { cache, by: "key", endpoint },
    { cache, by: "token", endpoint: { ...endpoint, user: objectId, password: token } },
  ];
}

async function measure(ways: readonly Way[], rounds: number, signal: AbortSignal): Promise<Run[]> {
  for (const { endpoint, by } of ways) if (by === "key") await fillKeys(endpoint, 16, signal);
  const runs: Run[] = [];
  for (let round = 0; round < rounds; round++)
    for (const load of loads)
      for (const way of rotated(ways, round)) {
        const { requestsPerSecond } = await runLoad(way.endpoint, load, requestsOf(load), signal);
        runs.push({ way, load, requestsPerSecond });
        showProgress(runs.length, rounds * loads.length * ways.length);
      }
  return runs;
}

/** From a connection that is open to the answer of AUTH. */
async function logInAgain({ endpoint }: Way, { connection }: TestService, signal: AbortSignal): Promise<number[]> {
  const ca = await Bun.file(connection.ca).text();
  const tookMs: number[] = [];
  for (let count = 0; count < loginsCount; count++) {
    signal.throwIfAborted();
    tookMs.push(await logIn(endpoint, ca));
  }
  return tookMs;
}

function logIn({ port, user, password }: Endpoint, ca: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, ca, servername: "localhost" });
    let startMs = 0;
    socket.once("error", reject);
    socket.once("secureConnect", () => {
      startMs = systemClock.monotonicMs();
      socket.write(`AUTH ${user === undefined ? "" : `${user} `}${password}\r\n`);
    });
    socket.once("data", (answer: Buffer) => {
      const tookMs = systemClock.monotonicMs() - startMs;
      socket.destroy();
      if (answer.toString() === "+OK\r\n") resolve(tookMs);
      else reject(new Error(`AUTH was answered ${answer.toString().trim()}`));
    });
  });
}

function judge(runs: readonly Run[], logins: ReadonlyMap<Way, number[]>, assignMs: readonly number[]): Goals {
  const ratesOf = (load: Load, cache: Way["cache"], by: Way["by"]) =>
    runs
      .filter((run) => run.load === load && run.way.cache === cache && run.way.by === by)
      .map(({ requestsPerSecond }) => requestsPerSecond);
  const goals = (["key", "token"] as const).flatMap((by) =>
    loads.map((load) => {
      const without = ratesOf(load, "none", by);
      const ratio = median(ratesOf(load, "many", by).map((rate, round) => rate / (without[round] ?? Number.NaN)));
      return {
        part: "assignments",
        what: `${load.command}, pipeline of ${load.pipeline}, by ${by}, beside a cache without`,
        wanted: `≥ ${wantedRatio}`,
        measured: ratio.toFixed(2),
        isMet: ratio >= wantedRatio,
      };
    }),
  );
  const figure = (what: string, value: number, unit = "ms") => ({ what, contender: "larder", value, unit });
  return {
    goals,
    figures: [
      ...[...logins].map(([{ cache, by }, tookMs]) =>
        figure(
          `log-in by ${by}, ${cache === "many" ? assignmentsCount.toLocaleString("en") : 1} assigned`,
          round(median(tookMs)),
        ),
      ),
      figure("one more assignment, until it is in force, median", round(median(assignMs))),
      figure("the last hundred of them", round(median(assignMs.slice(-100)))),
      figure("99th percentile", round(quantile(assignMs, 0.99))),
    ],
  };
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
