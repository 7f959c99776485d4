/** `npm run bench fan-out`: one channel with very many subscribers, through the gateway and at Valkey itself. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@larder/service";
import { createClient } from "redis";
import { issueCertificate } from "../certificate.ts";
import { type ClientProcess, startClientProcess } from "../client-process.ts";
import { rotated } from "../compare.ts";
import { cpuMicros } from "../cpu.ts";
import { startGatewayProcesses } from "../gateway-processes.ts";
import type { Endpoint } from "../load.ts";
import { describeMachine } from "../machine.ts";
import { requireOpenFiles } from "../open-files.ts";
import { ensurePeers, valkeyPrograms } from "../peers/install.ts";
import { startValkey, type ValkeyServer } from "../peers/valkey.ts";
import { showProgress } from "../progress.ts";
import { writeResult } from "../result.ts";
import { plain, tlsOf } from "../targets.ts";
import type { FanOutLatency, FanOutThroughput, SubscribersOrder } from "./fan-out-orders.ts";
import { type FanOutSample, fanOutReport, isFanOutMet } from "./fan-out-report.ts";

const channel = "fan-out";
const payloadBytes = 64;
/** A message to 10,000 subscribers is delivered in well under half a second: the next one meets an idle machine. */
const messagesPerSecond = 2;

interface Extent {
  rounds: number;
  subscribers: number;
  messages: number;
  throughputSeconds: number;
}

const extents: Record<"quick" | "full", Extent> = {
  quick: { rounds: 1, subscribers: 2_000, messages: 6, throughputSeconds: 2 },
  full: { rounds: 3, subscribers: 10_000, messages: 12, throughputSeconds: 5 },
};

/** Messages on their way at a time when as many as possible are to be delivered: nobody waits for the publisher. */
const inFlight = 4;

interface FanOutTarget {
  name: FanOutSample["target"];
  protocol: 2 | 3;
  endpoint: Endpoint;
  gatewayPid: number | null;
  engine: ValkeyServer;
}

/** Returns whether every goal is met. */
export async function benchFanOut(options: { isQuick: boolean; signal: AbortSignal }): Promise<boolean> {
  const { isQuick, signal } = options;
  ensurePeers(valkeyPrograms);
  const extent = extents[isQuick ? "quick" : "full"];
  const machine = await describeMachine(valkeyPrograms);
  await using stack = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), "larder-bench-"));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const engineVersion = machine.versions["valkey-server"] ?? "";
  const targets = await startFanOutTargets(stack, { directory, engineVersion, subscribers: extent.subscribers });
  const clients = startClientProcess(stack, "fan-out/subscribers.ts", signal);
  requireOpenFiles({ name: "process of the subscribers", pid: clients.pid }, extent.subscribers);

  const samples: FanOutSample[] = [];
  for (let round = 0; round < extent.rounds; round++) {
    for (const target of rotated(targets, round)) {
      signal.throwIfAborted();
      samples.push({ round, ...(await measure(clients, target, extent)) });
      showProgress(samples.length, extent.rounds * targets.length);
    }
  }
  const result = { machine, subscribers: extent.subscribers, payloadBytes, messagesPerSecond, samples };
  writeResult(isQuick ? "fan-out-quick" : "fan-out", result, fanOutReport(result));
  return isFanOutMet(result);
}

async function startFanOutTargets(
  stack: AsyncDisposableStack,
  given: { directory: string; engineVersion: string; subscribers: number },
): Promise<FanOutTarget[]> {
  const { directory, engineVersion, subscribers } = given;
  const certificate = await issueCertificate(directory);
  const clientsMax = subscribers + 100;
  const startEngine = async (name: string) => {
    const engine = await startValkey({ directory, name, certificate, clientsMax });
    stack.defer(() => engine.stop());
    requireOpenFiles({ name: "Valkey", pid: engine.pid }, subscribers);
    return engine;
  };
  const direct = await startEngine("direct");
  const engine = await startEngine("behind-larder");
  const options = { directory, name: "larder", workers: 1, clientsMax, engine, engineVersion, certificate };
  const gateway = await startGatewayProcesses(stack, options);
  const [gatewayPid = 0] = gateway.pids;
  requireOpenFiles({ name: "gateway", pid: gatewayPid }, subscribers);
  return [
    { name: "valkey", protocol: 2, endpoint: plain(direct.port), gatewayPid: null, engine: direct },
    { name: "larder", protocol: 2, endpoint: gateway.plain, gatewayPid, engine },
    { name: "valkey-tls", protocol: 3, endpoint: tlsOf(certificate)(direct.tlsPort), gatewayPid: null, engine: direct },
    { name: "larder-tls", protocol: 3, endpoint: gateway.tls, gatewayPid, engine },
  ];
}

async function measure(
  clients: ClientProcess,
  target: FanOutTarget,
  extent: Extent,
): Promise<Omit<FanOutSample, "round">> {
  const { name, protocol, endpoint, gatewayPid, engine } = target;
  const ask = <Answer>(order: SubscribersOrder) => clients.ask<Answer>(name, order);
  await ask({ kind: "open", endpoint, protocol, subscribers: extent.subscribers, channel, payloadBytes });
  const upstreamSubscriptions = await subscriptionsAt(engine);
  const latency = await ask<FanOutLatency>({ kind: "latency", messages: extent.messages, messagesPerSecond });
  const cpu = () => [gatewayPid, engine.pid, clients.pid].map((pid) => (pid === null ? 0 : cpuMicros(pid)));
  const before = { cpu: cpu(), ms: systemClock.monotonicMs() };
  const throughput = await ask<FanOutThroughput>({ kind: "throughput", inFlight, seconds: extent.throughputSeconds });
  const elapsedMicros = 1000 * (systemClock.monotonicMs() - before.ms);
  const used = cpu().map((micros, index) => micros - (before.cpu[index] ?? 0)) as [number, number, number];
  await ask({ kind: "close" });
  await untilGone(engine);
  const perDelivery = (micros: number) => micros / throughput.deliveries;
  return {
    target: name,
    protocol,
    deliveriesPerSecond: throughput.deliveriesPerSecond,
    p50Ms: latency.p50Ms,
    p99Ms: latency.p99Ms,
    maxMs: latency.maxMs,
    upstreamSubscriptions,
    cpuMicrosPerDelivery: {
      gateway: gatewayPid === null ? null : perDelivery(used[0]),
      engine: perDelivery(used[1]),
      subscribers: perDelivery(used[2]),
    },
    subscribersBusy: used[2] / elapsedMicros,
  };
}

const goneTimeoutMs = 20_000;

/** The next target begins once nothing of this one is left. */
async function untilGone(engine: ValkeyServer): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + goneTimeoutMs;
  while ((await subscriptionsAt(engine)) > 0) {
    if (systemClock.monotonicMs() > deadlineMs)
      throw new Error("subscriptions stayed after their subscribers had gone");
    await systemClock.sleep(50);
  }
}

/** The engine's own count, asked on its own port: the gateway would give its clients' view. */
async function subscriptionsAt(engine: ValkeyServer): Promise<number> {
  const client = createClient({ socket: { host: "127.0.0.1", port: engine.port } });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.pubSubNumSub([channel]))[channel] ?? 0;
  } finally {
    client.destroy();
  }
}
