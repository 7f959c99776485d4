/** `npm run bench idle`: what 8,000 idle TLS connections cost the gateway in resident memory. */
import { systemClock } from "@larder/service";
import { startClientProcess } from "./client-process.ts";
import { residentBytes } from "./cpu.ts";
import type { IdleOrder } from "./idle-clients.ts";
import { clientsConnected, createBenchCache, gatewayPid, startLarder } from "./larder.ts";
import type { Endpoint } from "./load.ts";
import { describeMachine, machineText } from "./machine.ts";
import { requireOpenFiles } from "./open-files.ts";
import { writeResult } from "./result.ts";
import { tableText } from "./table.ts";

const connections = 8_000;
/** Each opens an equal share: one process alone would spend most of the run on its own handshakes. */
const clientProcesses = 2;
const growthBytesMax = 80e6;
/** C4: the smallest size that admits this many clients. Its memory is only reserved, not used. */
const cacheCapacity = 4;

/** Memory counts as settled when it moved by less than this over the window. */
const settledBytes = 500_000;
const settledWindowSeconds = 5;
const settleSecondsMax = 90;

export async function benchIdle(signal: AbortSignal): Promise<boolean> {
  const machine = await describeMachine([{ name: "valkey-server", command: ["valkey-server", "--version"] }]);
  await using stack = new AsyncDisposableStack();
  const service = await startLarder(stack, "native");
  const { tls } = await createBenchCache(service, cacheCapacity);
  const pid = gatewayPid(service);
  requireOpenFiles({ name: "gateway", pid }, connections);

  const beforeBytes = await settledResidentBytes(pid, signal);
  const openedInMs = await openConnections(stack, tls, signal);
  const openedBytes = residentBytes(pid);
  const afterBytes = await settledResidentBytes(pid, signal);
  const stillOpen = await clientsConnected(service);
  if (stillOpen < connections) throw new Error(`Only ${stillOpen} of the ${connections} connections stayed open.`);

  const growthBytes = afterBytes - beforeBytes;
  const result = {
    machine,
    connections,
    openedInMs,
    beforeBytes,
    openedBytes,
    afterBytes,
    growthBytes,
    growthBytesMax,
  };
  writeResult("idle", result, idleText(result));
  return growthBytes < growthBytesMax;
}

function idleText(result: {
  machine: Parameters<typeof machineText>[0];
  openedInMs: number;
  beforeBytes: number;
  openedBytes: number;
  afterBytes: number;
  growthBytes: number;
}): string {
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const isMet = result.growthBytes < growthBytesMax;
  const rows = [
    ["growth (goal: under 80 MB)", megabytes(result.growthBytes), isMet ? "met" : "not met"],
    ["per connection", `${(result.growthBytes / connections / 1e3).toFixed(1)} kB`, ""],
    ["resident before", megabytes(result.beforeBytes), ""],
    ["resident with all open", megabytes(result.openedBytes), ""],
    ["resident once settled", megabytes(result.afterBytes), ""],
    ["time to open them", `${(result.openedInMs / 1e3).toFixed(1)} s`, ""],
  ];
  const title = `Gateway's memory under ${connections.toLocaleString("en")} idle TLS connections`;
  return `${tableText([title, "", ""], rows)}\n\n${machineText(result.machine)}`;
}

/** Resolves when every connection is open, logged in and has had one PING answered. */
async function openConnections(stack: AsyncDisposableStack, endpoint: Endpoint, signal: AbortSignal): Promise<number> {
  const startMs = systemClock.monotonicMs();
  const order: IdleOrder = { endpoint, connections: connections / clientProcesses };
  const clients = Array.from({ length: clientProcesses }, () => startClientProcess(stack, "idle-clients.ts", signal));
  await Promise.all(clients.map((client) => client.ask("gateway", order)));
  return systemClock.monotonicMs() - startMs;
}

/** The resident size once garbage collection has come to rest. */
async function settledResidentBytes(pid: number, signal: AbortSignal): Promise<number> {
  const samples: number[] = [];
  for (let second = 0; second < settleSecondsMax; second++) {
    await systemClock.sleep(1_000, signal);
    signal.throwIfAborted();
    samples.push(residentBytes(pid));
    const window = samples.slice(-settledWindowSeconds);
    if (window.length === settledWindowSeconds && Math.max(...window) - Math.min(...window) < settledBytes) break;
  }
  return samples.at(-1) ?? residentBytes(pid);
}
