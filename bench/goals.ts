/** What the project wants of its gateway, as ratios of requests per second against its peers. Pure. */
import type { Load } from "./load.ts";
import { median } from "./quantile.ts";
import type { Sample, TargetName } from "./sample.ts";

export interface Goal {
  pipeline: number;
  target: TargetName;
  peer: TargetName;
  least: number;
}

/** 50 clients, values of 16 B, one thread for each proxy. */
export const goals: readonly Goal[] = [
  { pipeline: 1, target: "larder-tls", peer: "valkey-tls", least: 1.0 },
  { pipeline: 1, target: "larder-tls", peer: "haproxy-tls", least: 1.5 },
  { pipeline: 1, target: "larder", peer: "valkey", least: 0.85 },
  { pipeline: 1, target: "larder", peer: "haproxy", least: 1.5 },
  { pipeline: 1, target: "larder", peer: "twemproxy", least: 1.15 },
  { pipeline: 16, target: "larder-tls", peer: "haproxy-tls", least: 1.3 },
  { pipeline: 16, target: "larder", peer: "haproxy", least: 1.3 },
];

export interface GoalResult extends Goal {
  get: number;
  set: number;
  /** Both commands reach `least`. */
  isMet: boolean;
}

export function judgeGoals(samples: readonly Sample[]): GoalResult[] {
  return goals.map((goal) => {
    const [get, set] = (["GET", "SET"] as const).map((command) => ratioOf(samples, goal, command)) as [number, number];
    return { ...goal, get, set, isMet: Math.min(get, set) >= goal.least };
  });
}

/** The median of the rounds' ratios: what slows the machine for a while slows both sides of a round. */
function ratioOf(samples: readonly Sample[], goal: Goal, command: Load["command"]): number {
  const rateOf = (name: TargetName) =>
    samples.filter(
      ({ target, load }) =>
        target === name &&
        load.command === command &&
        load.pipeline === goal.pipeline &&
        load.clients === 50 &&
        load.valueBytes === 16,
    );
  const ratios = rateOf(goal.target).flatMap((sample) => {
    const other = rateOf(goal.peer).find(({ round }) => round === sample.round);
    return other === undefined ? [] : [sample.requestsPerSecond / other.requestsPerSecond];
  });
  return median(ratios);
}
