/** Finds how each proxy is fastest, on the loads that the goals are about: its way to the engine, and whether both share a CPU. */
import { measure } from "./compare.ts";
import { type Cell, requestsFor } from "./matrix.ts";
import type { BackendKind } from "./peers/backend.ts";
import { median } from "./quantile.ts";
import type { Target, TargetChoice } from "./targets.ts";

export interface Way {
  backend: BackendKind;
  /** As the gateway places itself and its engine. */
  isOnOneCpu: boolean;
}

export interface ChosenWay extends Way {
  name: string;
  pipeline: number;
  /** Requests per second as a ratio of those over TCP, placed by the system. */
  gain: number;
}

const rounds = 3;
const seconds = 0.5;
const first: Way = { backend: "tcp", isOnOneCpu: false };
const others: readonly Way[] = [
  { backend: "unix", isOnOneCpu: false },
  { backend: "tcp", isOnOneCpu: true },
  { backend: "unix", isOnOneCpu: true },
];

export async function chooseWays(
  choices: readonly TargetChoice[],
  cells: readonly Cell[],
  signal: AbortSignal,
): Promise<ChosenWay[]> {
  const chosen: ChosenWay[] = [];
  for (const choice of choices) {
    for (const cell of cells.filter(({ isGoal, load }) => isGoal && load.command === "GET"))
      chosen.push(await chooseWay(choice, cell, signal));
  }
  return chosen;
}

async function chooseWay(choice: TargetChoice, { load }: Cell, signal: AbortSignal): Promise<ChosenWay> {
  const gains = new Map<Way, number[]>(others.map((way) => [way, []]));
  for (let round = 0; round < rounds; round++) {
    const rateOf = async (way: Way) => {
      const run = { round, requests: requestsFor(load, seconds, undefined), signal };
      return (await measure(targetBy(choice, way), load, run)).requestsPerSecond;
    };
    const rate = await rateOf(first);
    for (const [way, each] of gains) each.push((await rateOf(way)) / rate);
  }
  const all = [[first, 1] as const, ...[...gains].map(([way, each]) => [way, median(each)] as const)];
  const [way, gain] = all.reduce((best, each) => (each[1] > best[1] ? each : best));
  return { name: choice.name, pipeline: load.pipeline, ...way, gain };
}

/** The choice in the way that was chosen for loads of this pipeline. */
export function chosenTarget(choice: TargetChoice, pipeline: number, chosen: readonly ChosenWay[]): Target {
  return targetBy(choice, chosen.find((way) => way.name === choice.name && way.pipeline === pipeline) ?? first);
}

function targetBy(choice: TargetChoice, { backend, isOnOneCpu }: Way): Target {
  return { ...choice.by[backend], isOnOneCpu };
}

export function wayText({ name, pipeline, backend, isOnOneCpu, gain }: ChosenWay): string {
  const way = backend === "unix" ? "a Unix socket" : "TCP";
  const placed = isOnOneCpu ? ", on one CPU with it" : "";
  return `pipeline ${pipeline}: ${name} reaches its engine over ${way}${placed} (${gain.toFixed(2)} of TCP, placed by the system)`;
}
