/** What the project wants of a second gateway worker, as a ratio of requests per second. Pure. */
import { median } from "../quantile.ts";
import type { Sample, TargetName } from "../sample.ts";

export const workersLeast = 1.5;

export interface WorkersRatio {
  transport: "TLS" | "plain";
  pipeline: number;
  get: number;
  set: number;
  /** Both commands reach `workersLeast`. */
  isMet: boolean;
}

const pairs = [
  { transport: "TLS", one: "larder-tls", two: "larder-tls-2-workers" },
  { transport: "plain", one: "larder", two: "larder-2-workers" },
] as const satisfies { transport: string; one: TargetName; two: TargetName }[];

export function judgeWorkers(samples: readonly Sample[]): WorkersRatio[] {
  return pairs.flatMap(({ transport, one, two }) =>
    [1, 16].map((pipeline) => {
      const [get, set] = (["GET", "SET"] as const).map((command) => {
        const of = samples.filter(({ load }) => load.command === command && load.pipeline === pipeline);
        return ratioOf(of, { one, two });
      }) as [number, number];
      return { transport, pipeline, get, set, isMet: Math.min(get, set) >= workersLeast };
    }),
  );
}

/** The median of the rounds' ratios. */
function ratioOf(samples: readonly Sample[], names: { one: TargetName; two: TargetName }): number {
  const byRound = (target: TargetName) =>
    new Map(samples.filter((sample) => sample.target === target).map((sample) => [sample.round, sample]));
  const ones = byRound(names.one);
  const ratios = [...byRound(names.two)].map(
    ([round, sample]) => sample.requestsPerSecond / (ones.get(round)?.requestsPerSecond ?? Number.NaN),
  );
  return median(ratios);
}

/** Of how many cores each kind of process used the time, on average over a run. */
export interface CoresUsed {
  generator: number;
  workers: number;
  engine: number;
}

export function coresUsed(sample: Pick<Sample, "requestsPerSecond" | "cpuMicrosPerRequest">): CoresUsed {
  const cores = (microsPerRequest: number) => (microsPerRequest * sample.requestsPerSecond) / 1e6;
  const { generator, proxy, engine } = sample.cpuMicrosPerRequest;
  return { generator: cores(generator), workers: cores(proxy ?? 0), engine: cores(engine) };
}
