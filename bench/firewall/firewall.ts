/**
 * `npm run bench firewall`: how long it takes from the request for a firewall rule until no connection that it keeps out is left, at two
 * gateway workers that serve a thousand caches. Controller, gateways and one engine for all caches are real, the agent is not.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import type { Page, RedisResource } from "@larder/api";
import { systemClock } from "@larder/service";
import { freePorts } from "../../tests/fixture/free-ports.ts";
import { startValkey } from "../../tests/fixture/valkey.ts";
import { type BenchController, startController } from "../api/controller-process.ts";
import { type Goals, goalTables } from "../goal-tables.ts";
import { describeMachine, machineText } from "../machine.ts";
import { showProgress } from "../progress.ts";
import { quantile } from "../quantile.ts";
import { writeResult } from "../result.ts";

const version = "api-version=2024-11-01";
const gatewayPath = join(import.meta.dir, "../../packages/gateway/main.ts");
const workersCount = 2;
/** At each change, over all workers: the kernel draws which of them gets one. */
const clientsCount = 16;
const goalMs = 200;
/** The gateways' own speaker is let in with any password. */
const engine = {
  user: "larder-app",
  password: "",
  lines: ["port 0", "maxclients 20000", "user default off", "user larder-app on nopass ~* &* +@all"],
};

interface Change {
  answeredMs: number;
  enforcedMs: number;
}

export async function benchFirewall({ isQuick, signal }: { isQuick: boolean; signal: AbortSignal }): Promise<boolean> {
  const machine = await describeMachine([]);
  const cachesCount = isQuick ? 100 : 1_000;
  const changesCount = isQuick ? 50 : 500;
  await using stack = new AsyncDisposableStack();
  const { socketPath: engineSocket, stop } = await startValkey(engine);
  stack.defer(stop);
  const controller = await startController(stack, { engineSocket, portBase: 30_000 });
  await startGateways(controller, stack);
  const ports = await createCaches(controller, cachesCount, signal);
  const changes: Change[] = [];
  for (let number = 0; number < changesCount; number++) {
    signal.throwIfAborted();
    const index = (number * 7) % cachesCount;
    changes.push(await measureChange(controller, { name: cacheName(index), port: ports.get(cacheName(index)) ?? 0 }));
    showProgress(number + 1, changesCount);
  }
  const result = judge(changes, cachesCount);
  writeResult(
    isQuick ? "firewall-quick" : "firewall",
    { machine, ...result },
    `${goalTables(result)}\n\n${machineText(machine)}`,
  );
  return result.goals.every(({ isMet }) => isMet);
}

async function startGateways(controller: BenchController, stack: AsyncDisposableStack): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "larder-bench-firewall-"));
  const pki = join(controller.dataDirectory, "pki");
  const [tlsPort = 0] = await freePorts(1);
  const flags = [
    ...["--data-dir", directory, "--controller-socket", controller.socketPath, "--tls-port", String(tlsPort)],
    ...["--tls-cert", join(pki, "server.pem"), "--tls-key", join(pki, "server-key.pem"), "--log-level", "error"],
    ...["--workers", String(workersCount), "--worker"],
  ];
  const workers = Array.from({ length: workersCount }, (_, index) =>
    Bun.spawn([process.execPath, "--no-env-file", gatewayPath, ...flags, String(index + 1)], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "inherit",
    }),
  );
  stack.defer(async () => {
    for (const worker of workers) worker.kill();
    await Promise.all(workers.map((worker) => worker.exited));
    rmSync(directory, { recursive: true, force: true });
  });
}

/** The own TLS port of each, once all are served. */
async function createCaches(
  { load, group }: BenchController,
  count: number,
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const caches = `${group}/providers/Microsoft.Cache/redis`;
  const properties = { sku: { name: "Basic", family: "C", capacity: 0 } };
  const body = { location: "local", properties };
  for (let number = 0; number < count; ) {
    signal.throwIfAborted();
    const { status } = await load.once({ method: "PUT", path: `${caches}/${cacheName(number)}?${version}`, body });
    // Where so much starts at once on a small machine, the controller may lose sight of the agent for a moment.
    if (status < 300) number++;
    else await systemClock.sleep(100);
  }
  for (;;) {
    signal.throwIfAborted();
    const list = await load.once({ method: "GET", path: `${caches}?${version}` });
    const { value } = JSON.parse(list.body) as Page<RedisResource>;
    if (value.every(({ properties }) => properties.provisioningState === "Succeeded"))
      return new Map(value.map((cache) => [cache.name, cache.properties.larder.endpoint.tlsPort]));
    await systemClock.sleep(100);
  }
}

/** A rule that keeps this machine out, and its end. */
async function measureChange({ load, group }: BenchController, cache: { name: string; port: number }): Promise<Change> {
  const path = `${group}/providers/Microsoft.Cache/redis/${cache.name}/firewallRules/elsewhere?${version}`;
  const clients = await Promise.all(Array.from({ length: clientsCount }, () => enter(cache.port)));
  const ended = clients.map((client) => new Promise<void>((resolve) => client.once("close", () => resolve())));
  const startMs = systemClock.monotonicMs();
  const sinceStart = () => systemClock.monotonicMs() - startMs;
  const body = { properties: { startIP: "192.0.2.1", endIP: "192.0.2.9" } };
  const [answeredMs, enforcedMs] = await Promise.all([
    load.once({ method: "PUT", path, body }).then(sinceStart),
    Promise.all(ended).then(sinceStart),
  ]);
  await load.once({ method: "DELETE", path });
  return { answeredMs, enforcedMs };
}

function enter(port: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
    socket.on("error", reject);
    socket.once("secureConnect", () => {
      socket.resume();
      resolve(socket);
    });
  });
}

function cacheName(number: number): string {
  return `cache-${number}`;
}

function judge(changes: readonly Change[], cachesCount: number): Goals {
  const times = (part: keyof Change) => changes.map((change) => change[part]);
  const worst = quantile(times("enforcedMs"), 0.99);
  const figure = (what: string, value: number) => ({ what, contender: "larder", value: Math.round(value), unit: "ms" });
  return {
    goals: [
      {
        part: "firewall",
        what: `enforced at ${workersCount} workers with ${cachesCount.toLocaleString("en")} caches, 99th percentile`,
        wanted: `< ${goalMs} ms`,
        measured: `${Math.round(worst)} ms`,
        isMet: worst < goalMs,
      },
    ],
    figures: [
      figure("enforced, median", quantile(times("enforcedMs"), 0.5)),
      figure("answered, median", quantile(times("answeredMs"), 0.5)),
      figure("answered, 99th percentile", quantile(times("answeredMs"), 0.99)),
    ],
  };
}
