/** `npm run bench start`: how long it takes to have a cache, and to have the service back. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@larder/service";
import { createClient } from "redis";
import { findFreePorts } from "../tests/fixture/free-ports.ts";
import { startService, type TestService } from "../tests/fixture/service.ts";
import { startLarder } from "./larder.ts";
import { describeMachine, type Machine, machineText } from "./machine.ts";
import { showProgress } from "./progress.ts";
import { median, quantile } from "./quantile.ts";
import { writeResult } from "./result.ts";
import { tableText } from "./table.ts";

const engines = ["native", "embedded"] as const;
const createRuns = 20;
const upRuns = 10;
const goalMs = { create: 1_000, up: 1_500 };

interface Timing {
  what: "create" | "up";
  engine: (typeof engines)[number];
  medianMs: number;
  p90Ms: number;
  maxMs: number;
  runs: number;
}

export async function benchStart(signal: AbortSignal): Promise<boolean> {
  const machine = await describeMachine([
    { name: "valkey-server", command: ["valkey-server", "--version"] },
    { name: "node", command: ["node", "--version"] },
  ]);
  const timings: Timing[] = [];
  for (const engine of engines) {
    timings.push(timingOf("create", engine, await timeCreates(engine, signal)));
    timings.push(timingOf("up", engine, await timeUps(engine, signal)));
  }
  writeResult("start", { machine, goalMs, timings }, startText(timings, machine));
  return timings.every(isMet);
}

function timingOf(what: Timing["what"], engine: Timing["engine"], timesMs: readonly number[]): Timing {
  return {
    what,
    engine,
    medianMs: Math.round(median(timesMs)),
    p90Ms: Math.round(quantile(timesMs, 0.9)),
    maxMs: Math.round(Math.max(...timesMs)),
    runs: timesMs.length,
  };
}

/** Every run counts, not only the usual one. */
function isMet(timing: Timing): boolean {
  return timing.maxMs < goalMs[timing.what];
}

function startText(timings: readonly Timing[], machine: Machine): string {
  const names = { create: "create to first PING over TLS", up: "up on an existing directory" };
  const rows = timings.map((timing) => [
    `${names[timing.what]}, ${timing.engine} engine`,
    `< ${goalMs[timing.what]}`,
    ...[timing.medianMs, timing.p90Ms, timing.maxMs, timing.runs].map(String),
    isMet(timing) ? "met" : "not met",
  ]);
  return `${tableText(["Milliseconds", "goal", "median", "p90", "max", "runs", ""], rows)}\n\n${machineText(machine)}`;
}

async function timeCreates(engine: Timing["engine"], signal: AbortSignal): Promise<number[]> {
  await using stack = new AsyncDisposableStack();
  const service = await startLarder(stack, engine);
  const timesMs: number[] = [];
  for (let run = 0; run < createRuns; run++) {
    signal.throwIfAborted();
    timesMs.push(await timeCreate(service, `start-${run}`));
    showProgress(run + 1, createRuns);
  }
  return timesMs;
}

/** From the PUT, through the operation's end and the keys, to the first PONG. The cache is deleted again, untimed. */
async function timeCreate(service: TestService, name: string): Promise<number> {
  const at = { resourceGroup: service.connection.resourceGroup, name };
  const ca = readFileSync(service.connection.ca, "utf8");
  const startMs = systemClock.monotonicMs();
  const created = await service.createCache(name);
  const { primaryKey } = await service.client.listKeys(at);
  const port = created.properties.larder.endpoint.tlsPort;
  const client = createClient({ socket: { host: "localhost", port, tls: true, ca }, password: primaryKey });
  client.on("error", () => {});
  await client.connect();
  await client.ping();
  const elapsedMs = systemClock.monotonicMs() - startMs;
  client.destroy();
  await service.client.deleteCache(at);
  return elapsedMs;
}

/** From the start of the program to its ready file, with one cache to bring back. */
async function timeUps(engine: Timing["engine"], signal: AbortSignal): Promise<number[]> {
  await using stack = new AsyncDisposableStack();
  const dataDir = mkdtempSync(join(tmpdir(), "larder-bench-"));
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const ports = await findFreePorts();
  const options = { engine, dataDir, ports, quickstart: true };
  await (await startService(options)).stop();
  const timesMs: number[] = [];
  for (let run = 0; run < upRuns; run++) {
    signal.throwIfAborted();
    const startMs = systemClock.monotonicMs();
    const service = await startService(options);
    timesMs.push(systemClock.monotonicMs() - startMs);
    await service.stop();
    showProgress(run + 1, upRuns);
  }
  return timesMs;
}
