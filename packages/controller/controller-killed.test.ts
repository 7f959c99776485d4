/**
 * The real controller process, killed with SIGKILL at random moments of creations and deletions. Whatever the moment, the
 * next start opens the store, and every operation that a caller was told of ends.
 *
 * The moments come from a seed, which a failure prints; LARDER_TEST_SEED replays it as far as the machine's own timing
 * allows.
 */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, systemRandomness } from "@larder/service";
import { basicC0 } from "./controller-fixture.ts";
import { FakeAgent, FakeGateway } from "./fake-peers.ts";

const rounds = 6;
const killsPerRound = 3;
/** About as long as a creation takes from request to end. */
const killWithinMs = 40;

const directory = mkdtempSync(join(tmpdir(), "larder-killed-"));
const dataDirectory = join(directory, "data");
const socketPath = join(directory, "c.sock");
const agent = new FakeAgent(socketPath);
const gateway = new FakeGateway(socketPath);
const seed = Number(process.env.LARDER_TEST_SEED ?? Math.floor(systemRandomness.fraction() * 1e9));
let controllerProcess: Bun.Subprocess<"ignore", "pipe", "inherit"> | undefined;
let port = 0;

afterAll(async () => {
  agent.stop();
  gateway.stop();
  await kill();
  rmSync(directory, { recursive: true });
});

test("a controller killed at any moment finishes what it had accepted", async () => {
  const fraction = seeded(seed);
  port = await freePort();
  await start();
  await agent.start();
  gateway.start();
  const subscription = (await call("GET", "/subscriptions")).body.value[0].subscriptionId;
  const group = `/subscriptions/${subscription}/resourceGroups/default`;
  await call("PUT", group, { location: "local" });

  for (let round = 0; round < rounds; round++) {
    const path = `${group}/providers/Microsoft.Cache/redis/c${round}`;
    const told = await killedDuring(() => call("PUT", path, basicC0), fraction);
    const created = await settled(path);
    expect(`seed ${seed} round ${round}: ${created}`).toBe(
      `seed ${seed} round ${round}: ${told ? "Succeeded" : created}`,
    );
    expect(["Succeeded", "absent"]).toContain(created);
    if (told) expect(await operationEnd(told)).toBe("Succeeded");
    if (round % 2 === 0 || created === "absent") continue;
    const deletion = await killedDuring(() => call("DELETE", path), fraction);
    if (deletion) expect(await operationEnd(deletion)).toBe("Succeeded");
    if (deletion) expect(await settled(path)).toBe("absent");
  }
  const ports = (gateway.table?.routes ?? []).map((route) => route.tlsPort);
  expect(new Set(ports).size).toBe(ports.length);
}, 60_000);

/** Sends the request and kills the controller, several times over. Returns the operation's URL if the caller was told one. */
async function killedDuring(send: () => ReturnType<typeof call>, fraction: () => number): Promise<string | undefined> {
  const sent = send().catch(() => undefined);
  for (let count = 0; count < killsPerRound; count++) {
    await systemClock.sleep(fraction() * killWithinMs);
    await kill();
    await start();
  }
  return (await sent)?.headers.get("azure-asyncoperation") ?? undefined;
}

/** The state in which the cache comes to rest, or "absent". */
async function settled(path: string): Promise<string> {
  for (;;) {
    const { status, body } = await call("GET", path);
    if (status === 404) return "absent";
    const state = body.properties.provisioningState;
    if (state === "Succeeded" || state === "Failed") return state;
    await systemClock.sleep(20);
  }
}

async function operationEnd(url: string): Promise<string> {
  for (;;) {
    const { body } = await call("GET", new URL(url).pathname);
    if (body.status !== "InProgress") return body.status;
  }
}

async function call(method: string, path: string, body?: object) {
  const token = readFileSync(join(dataDirectory, "admin-token"), "utf8").trim();
  const response = await fetch(`https://localhost:${port}${path}?api-version=2024-11-01`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    tls: { ca: readFileSync(join(dataDirectory, "pki/ca.pem"), "utf8") },
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
}

async function start(): Promise<void> {
  const main = join(import.meta.dir, "main.ts");
  const flags = [
    "--data-dir",
    dataDirectory,
    "--socket",
    socketPath,
    "--api-port",
    String(port),
    "--log-level",
    "error",
  ];
  controllerProcess = Bun.spawn([process.execPath, main, ...flags], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const { value } = await controllerProcess.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toBe("ready\n");
}

async function kill(): Promise<void> {
  controllerProcess?.kill("SIGKILL");
  await controllerProcess?.exited;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Uniform in [0, 1): a linear congruential generator. */
function seeded(from: number): () => number {
  let state = from >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
