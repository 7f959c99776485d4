/** Measures targets against each other: every load goes round all of them in turn, as the machine is never quiet for long. */
import { cpuMicros, type MachineTicks, machineTicks, microsPerTick } from "./cpu.ts";
import { fillKeys, type Load, runLoad } from "./load.ts";
import { type Cell, requestsFor } from "./matrix.ts";
import { place } from "./placement.ts";
import type { Sample } from "./sample.ts";
import type { Target } from "./targets.ts";

export interface Comparison {
  cells: readonly Cell[];
  targetsOf(cell: Cell): readonly Target[];
  onProgress(done: number, all: number): void;
  signal: AbortSignal;
}

export async function compare(comparison: Comparison): Promise<Sample[]> {
  const { cells, signal } = comparison;
  const all = cells.reduce((sum, cell) => sum + cell.rounds * comparison.targetsOf(cell).length, 0);
  const samples: Sample[] = [];
  let valueBytes: number | undefined;
  for (const cell of cells) {
    const targets = comparison.targetsOf(cell);
    if (cell.load.valueBytes !== valueBytes) {
      valueBytes = cell.load.valueBytes;
      await fillEngines(targets, valueBytes, signal);
    }
    const rates = new Map<Target, number>();
    for (let round = 0; round < cell.rounds; round++) {
      for (const target of rotated(targets, round)) {
        const sample = await measure(target, cell.load, {
          round,
          requests: requestsFor(cell.load, cell.seconds, rates.get(target)),
          signal,
        });
        rates.set(target, sample.requestsPerSecond);
        samples.push(sample);
        comparison.onProgress(samples.length, all);
      }
    }
  }
  return samples;
}

async function fillEngines(targets: readonly Target[], valueBytes: number, signal: AbortSignal): Promise<void> {
  const oneOfEach = new Map(targets.map((target) => [target.enginePid, target]));
  for (const { endpoint } of oneOfEach.values()) await fillKeys(endpoint, valueBytes, signal);
}

/** Nobody always follows the same neighbour. */
export function rotated<T>(items: readonly T[], by: number): T[] {
  return items.map((_, index) => items[(index + by) % items.length] as T);
}

interface Run {
  round: number;
  requests: number;
  signal: AbortSignal;
}

/** A target that drops the generator's connections is asked again, and it is reported. */
const repeatsMax = 2;

/** One run. */
export async function measure(target: Target, load: Load, run: Run): Promise<Sample> {
  for (let repeats = 0; ; repeats++) {
    try {
      return { ...(await measureOnce(target, load, run)), repeats };
    } catch (error) {
      if (run.signal.aborted || repeats === repeatsMax) throw error;
    }
  }
}

async function measureOnce(target: Target, load: Load, run: Run): Promise<Omit<Sample, "repeats">> {
  const { proxyPids, enginePid } = target;
  place(target);
  const proxyCpu = () => proxyPids.reduce((sum, pid) => sum + cpuMicros(pid), 0);
  const machineBefore = machineTicks();
  const proxyBefore = proxyCpu();
  const engineBefore = cpuMicros(enginePid);
  const result = await runLoad(target.endpoint, load, run.requests, run.signal);
  const proxyMicros = proxyPids.length === 0 ? null : proxyCpu() - proxyBefore;
  const engineMicros = cpuMicros(enginePid) - engineBefore;
  const ownMicros = result.generatorMicros + (proxyMicros ?? 0) + engineMicros;
  return {
    target: target.name,
    load,
    round: run.round,
    requestsPerSecond: result.requestsPerSecond,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    cpuMicrosPerRequest: {
      generator: result.generatorMicros / run.requests,
      proxy: proxyMicros === null ? null : proxyMicros / run.requests,
      engine: engineMicros / run.requests,
    },
    othersShare: othersShareOf(machineBefore, ownMicros),
  };
}

/** Of all cores since `before`, what others used than those who used `ownMicros`. */
export function othersShareOf(before: MachineTicks, ownMicros: number): number {
  const after = machineTicks();
  const othersTicks = after.busy - before.busy - ownMicros / microsPerTick;
  return Math.max(0, othersTicks / (after.all - before.all));
}
