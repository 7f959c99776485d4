/** What the project wants of its gateway's latency at a fixed rate, as a difference to Valkey itself. Pure. */
import type { Load } from "../load.ts";
import { median } from "../quantile.ts";
import type { TargetName } from "../sample.ts";
import type { OpenLoopResult } from "./open-loop.ts";

/** p99 of the gateway less that of Valkey. */
export const p99AboveDirectMsMax = 0.3;

export interface LatencySample extends OpenLoopResult {
  target: TargetName;
  command: Load["command"];
  round: number;
  requestsPerSecond: number;
  /** What programs outside the measurement used of all cores: noise. */
  othersShare: number;
}

export interface LatencyGoalResult {
  target: TargetName;
  direct: TargetName;
  /** p99 above that of the direct way, in milliseconds. */
  get: number;
  set: number;
  /** Both commands keep within `p99AboveDirectMsMax`. */
  isMet: boolean;
}

const pairs = [
  { target: "larder-tls", direct: "valkey-tls" },
  { target: "larder", direct: "valkey" },
] as const satisfies { target: TargetName; direct: TargetName }[];

export function judgeLatency(samples: readonly LatencySample[]): LatencyGoalResult[] {
  return pairs.map(({ target, direct }) => {
    const [get, set] = (["GET", "SET"] as const).map((command) => {
      const of = samples.filter((sample) => sample.command === command);
      return aboveDirectMs(of, { target, direct });
    }) as [number, number];
    return { target, direct, get, set, isMet: Math.max(get, set) <= p99AboveDirectMsMax };
  });
}

/** The median of the rounds' differences. */
function aboveDirectMs(samples: readonly LatencySample[], names: { target: TargetName; direct: TargetName }): number {
  const of = (target: TargetName) => samples.filter((sample) => sample.target === target);
  const directs = of(names.direct);
  const differences = of(names.target).flatMap((sample) => {
    const direct = directs.find(({ round }) => round === sample.round);
    return direct === undefined ? [] : [sample.p99Ms - direct.p99Ms];
  });
  return median(differences);
}

export type LatencySummary = Omit<LatencySample, "round"> & { rounds: number };

/** Medians over the rounds of one target and command, in the order in which they first appear. */
export function summarizeLatency(samples: readonly LatencySample[]): LatencySummary[] {
  const groups = Map.groupBy(samples, ({ target, command }) => `${command} ${target}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const middle = (of: (sample: LatencySample) => number) => median(group.map(of));
    return {
      target: first.target,
      command: first.command,
      rounds: group.length,
      requestsPerSecond: first.requestsPerSecond,
      measured: middle((sample) => sample.measured),
      p50Ms: middle((sample) => sample.p50Ms),
      p99Ms: middle((sample) => sample.p99Ms),
      p999Ms: middle((sample) => sample.p999Ms),
      lateP50Ms: middle((sample) => sample.lateP50Ms),
      lateP99Ms: middle((sample) => sample.lateP99Ms),
      cpuMicrosPerRequest: middle((sample) => sample.cpuMicrosPerRequest),
      othersShare: middle((sample) => sample.othersShare),
    };
  });
}

/** Half of what the gateway can do, in whole hundreds. */
export function halfOf(maximumPerSecond: number): number {
  return Math.round(maximumPerSecond / 200) * 100;
}
