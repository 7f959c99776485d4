/** `npm run bench latency`: how long requests take at half of the rate that the gateway can do, through it, its peers and none. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chooseWays, chosenTarget } from "../choose-ways.ts";
import { type ClientProcess, startClientProcess } from "../client-process.ts";
import { compare, othersShareOf, rotated } from "../compare.ts";
import { cpuMicros, machineTicks } from "../cpu.ts";
import { keyCount, type Load } from "../load.ts";
import { describeMachine } from "../machine.ts";
import { type Cell, cellsOf } from "../matrix.ts";
import { ensurePeers, peerPrograms } from "../peers/install.ts";
import { place } from "../placement.ts";
import { showProgress } from "../progress.ts";
import { median } from "../quantile.ts";
import { writeResult } from "../result.ts";
import { summarize, type TargetName } from "../sample.ts";
import { startTargets, type Target } from "../targets.ts";
import { halfOf, judgeLatency, type LatencySample, summarizeLatency } from "./latency-goals.ts";
import { type LatencyResult, latencyReport } from "./latency-report.ts";
import type { OpenLoopOrder, OpenLoopResult } from "./open-loop.ts";

interface Extent {
  rounds: number;
  seconds: number;
  warmUpSeconds: number;
}

const extents: Record<"quick" | "full", Extent> = {
  quick: { rounds: 3, seconds: 2, warmUpSeconds: 0.5 },
  full: { rounds: 5, seconds: 6, warmUpSeconds: 1 },
};

/** Returns whether every goal is met. */
export async function benchLatency(options: { isQuick: boolean; signal: AbortSignal }): Promise<boolean> {
  const { isQuick, signal } = options;
  ensurePeers(peerPrograms);
  const machine = await describeMachine(peerPrograms);
  await using stack = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), "larder-bench-"));
  stack.defer(() => rmSync(directory, { recursive: true, force: true }));
  const started = await startTargets(stack, directory);
  const cells = cellsOf("quick").filter(({ load }) => load.pipeline === 1);
  const ways = await chooseWays(started.choices, cells, signal);
  const targets = [...started.fixed, ...started.choices.map((choice) => chosenTarget(choice, 1, ways))];
  const rates = await measureRates(targets, cells, signal);
  const generator = startClientProcess(stack, "latency/open-loop-clients.ts", signal);
  const samples = await measureAll(generator, { targets, rates, extent: extents[isQuick ? "quick" : "full"], signal });

  const goals = judgeLatency(samples);
  const shares = samples.map((sample) => sample.othersShare);
  const othersShare = { median: median(shares), max: Math.max(...shares) };
  const result = { machine, ways, rates, othersShare, goals, summaries: summarizeLatency(samples) };
  writeResult(isQuick ? "latency-quick" : "latency", result, latencyReport(result));
  return goals.every((goal) => goal.isMet);
}

/** Of the gateway's two transports, in a closed loop of GET: all targets of a transport then get the same rate. */
async function measureRates(
  targets: readonly Target[],
  cells: readonly Cell[],
  signal: AbortSignal,
): Promise<LatencyResult["rates"]> {
  const measured = targets.filter(({ name }) => name === "larder" || name === "larder-tls");
  const gets = cells.filter(({ load }) => load.command === "GET");
  const samples = await compare({ cells: gets, targetsOf: () => measured, onProgress: () => {}, signal });
  const maximumOf = (name: TargetName) =>
    summarize(samples).find(({ target }) => target === name)?.requestsPerSecond ?? Number.NaN;
  return (["plain", "TLS"] as const).map((transport) => {
    const maximum = maximumOf(transport === "TLS" ? "larder-tls" : "larder");
    return { transport, maximum, rate: halfOf(maximum) };
  });
}

async function measureAll(
  generator: ClientProcess,
  run: { targets: readonly Target[]; rates: LatencyResult["rates"]; extent: Extent; signal: AbortSignal },
): Promise<LatencySample[]> {
  const { targets, rates, extent, signal } = run;
  const commands = ["GET", "SET"] as const;
  const all = commands.length * extent.rounds * targets.length;
  const samples: LatencySample[] = [];
  for (const command of commands) {
    for (let round = 0; round < extent.rounds; round++) {
      for (const target of rotated(targets, round)) {
        signal.throwIfAborted();
        const transport = target.endpoint.caPath === null ? "plain" : "TLS";
        const requestsPerSecond = rates.find((each) => each.transport === transport)?.rate ?? 0;
        samples.push(await measure(generator, target, { command, round, requestsPerSecond, extent }));
        showProgress(samples.length, all);
      }
    }
  }
  return samples;
}

/** The schedule differs between rounds and is the same for all targets of one. */
async function measure(
  generator: ClientProcess,
  target: Target,
  run: { command: Load["command"]; round: number; requestsPerSecond: number; extent: Extent },
): Promise<LatencySample> {
  const { command, round, requestsPerSecond, extent } = run;
  place(target);
  const pids = [generator.pid, target.enginePid, ...target.proxyPids];
  const cpu = () => pids.reduce((sum, pid) => sum + cpuMicros(pid), 0);
  const before = { ticks: machineTicks(), cpu: cpu() };
  const result = await generator.ask<OpenLoopResult>(target.name, {
    endpoint: target.endpoint,
    command,
    clients: 50,
    valueBytes: 16,
    keyCount,
    requestsPerSecond,
    seconds: extent.seconds,
    warmUpSeconds: extent.warmUpSeconds,
    seed: round + 1,
  } satisfies OpenLoopOrder);
  const othersShare = othersShareOf(before.ticks, cpu() - before.cpu);
  return { ...result, target: target.name, command, round, requestsPerSecond, othersShare };
}
