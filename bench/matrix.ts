/** Which loads a comparison runs, and for how long. Pure. */
import type { Load } from "./load.ts";

export interface Cell {
  load: Load;
  rounds: number;
  /** Of each run. Opening the clients' connections is part of it, and should stay a small one. */
  seconds: number;
  /** Whether a goal of the project is about it; such cells get more rounds and HAProxy with two threads beside. */
  isGoal: boolean;
}

const goalClients = 50;
const smallValueBytes = 16;

const goalCells: Cell[] = loads([goalClients], [1, 16], [smallValueBytes]).map((load) => ({
  load,
  rounds: 4,
  seconds: 1.6,
  isGoal: true,
}));

/** In the order of running: by value size, as the keys are written anew for each. */
export function cellsOf(matrix: "quick" | "full"): Cell[] {
  if (matrix === "quick") return goalCells;
  const others = loads([1, 50, 500], [1, 16], [smallValueBytes, 4096])
    .filter((load) => load.clients !== goalClients || load.valueBytes !== smallValueBytes)
    .map((load) => ({ load, rounds: 3, seconds: load.clients === 500 ? 2.5 : 1.2, isGoal: false }));
  return [...goalCells, ...others];
}

function loads(clients: number[], pipelines: number[], sizes: number[]): Load[] {
  const commands = ["GET", "SET"] as const;
  return sizes.flatMap((valueBytes) =>
    clients.flatMap((count) =>
      pipelines.flatMap((pipeline) => commands.map((command) => ({ clients: count, pipeline, command, valueBytes }))),
    ),
  );
}

/** How many requests fill about `seconds`, from the rate seen before or, the first time, a usual one. */
export function requestsFor(load: Load, seconds: number, rateSeen: number | undefined): number {
  const rate = rateSeen ?? usualRate(load);
  return Math.max(Math.round(rate * seconds), 20 * load.clients * load.pipeline);
}

function usualRate(load: Load): number {
  if (load.clients === 1) return load.pipeline === 1 ? 12_000 : 120_000;
  if (load.pipeline === 1) return 50_000;
  return load.valueBytes > 1024 ? 80_000 : 400_000;
}
