/** What one run of one load against one target measured, and the summary of its rounds. */
import type { Load } from "./load.ts";
import { median } from "./quantile.ts";

export type TargetName =
  | "valkey"
  | "valkey-tls"
  | "haproxy"
  | "haproxy-tls"
  | "haproxy-2-threads"
  | "haproxy-tls-2-threads"
  | "twemproxy"
  | "larder"
  | "larder-tls"
  | "larder-2-workers"
  | "larder-tls-2-workers";

/** CPU time of each process for one request; `proxy` is null where there is none. */
export interface CpuMicros {
  generator: number;
  proxy: number | null;
  engine: number;
}

export interface Sample {
  target: TargetName;
  load: Load;
  round: number;
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  cpuMicrosPerRequest: CpuMicros;
  /** Of all cores, what programs outside the measurement used meanwhile. */
  othersShare: number;
  /** How often it failed before: the target dropped a connection. */
  repeats: number;
}

/** Medians over the rounds of one target and load; `repeats` of all of them. */
export type Summary = Omit<Sample, "round"> & { rounds: number };

/** In the order in which targets and loads first appear. */
export function summarize(samples: readonly Sample[]): Summary[] {
  const groups = Map.groupBy(samples, ({ target, load }) => JSON.stringify([load, target]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const middle = (of: (sample: Sample) => number) => median(group.map(of));
    return {
      target: first.target,
      load: first.load,
      rounds: group.length,
      requestsPerSecond: middle((sample) => sample.requestsPerSecond),
      p50Ms: middle((sample) => sample.p50Ms),
      p99Ms: middle((sample) => sample.p99Ms),
      cpuMicrosPerRequest: {
        generator: middle((sample) => sample.cpuMicrosPerRequest.generator),
        proxy:
          first.cpuMicrosPerRequest.proxy === null ? null : middle((sample) => sample.cpuMicrosPerRequest.proxy ?? 0),
        engine: middle((sample) => sample.cpuMicrosPerRequest.engine),
      },
      othersShare: middle((sample) => sample.othersShare),
      repeats: group.reduce((sum, { repeats }) => sum + repeats, 0),
    };
  });
}
