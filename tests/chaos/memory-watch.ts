/**
 * Memory of the workers over a run: it must be flat. What is compared are the minutes 5 to 10, when all has warmed up,
 * and the last five; a shorter run says only how much it is.
 */

import type { Worker } from "../fixture/gateway-processes.ts";
import { residentBytes } from "../fixture/processes.ts";

const minuteMs = 60_000;
const everyMs = 1_000;
const MiB = 1024 * 1024;
/** How much more the end may be: buffers and the heap of a process move about this much. */
const tolerance = { share: 0.15, bytes: 32 * MiB };

interface Sample {
  atMs: number;
  residentBytes: number;
  heapBytes: number;
}

export interface MemoryResult {
  line: string;
  isFlat: boolean;
}

export class MemoryWatch {
  readonly #workers: readonly Worker[];
  readonly #samples: Sample[][];
  readonly #startedMs = performance.now();
  #timer: Timer | null = null;

  constructor(workers: readonly Worker[]) {
    this.#workers = workers;
    this.#samples = workers.map(() => []);
  }

  start(): void {
    this.#timer = setInterval(() => this.#sample(), everyMs);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  results(): MemoryResult[] {
    return this.#samples.map((samples, index) => judge(`worker ${index + 1}`, samples));
  }

  #sample(): void {
    for (const [index, worker] of this.#workers.entries()) {
      if (!worker.isAlive()) continue;
      this.#samples[index]?.push({
        atMs: performance.now() - this.#startedMs,
        residentBytes: residentBytes(worker.pid),
        heapBytes: worker.report()?.metrics.larder_gateway_heap_bytes ?? 0,
      });
    }
  }
}

export function judge(name: string, samples: readonly Sample[]): MemoryResult {
  const endMs = samples.at(-1)?.atMs ?? 0;
  const largest = samples.reduce((max, each) => Math.max(max, each.residentBytes), 0);
  const peak = `at most ${show(largest)}`;
  if (endMs < 15 * minuteMs)
    return { line: `${name}: ${peak}; too short to compare (15 minutes at least)`, isFlat: true };
  const early = average(samples.filter(({ atMs }) => atMs >= 5 * minuteMs && atMs < 10 * minuteMs));
  const late = average(samples.filter(({ atMs }) => atMs >= endMs - 5 * minuteMs));
  const isFlat = isWithin(early.residentBytes, late.residentBytes) && isWithin(early.heapBytes, late.heapBytes);
  const resident = `resident ${show(early.residentBytes)} then ${show(late.residentBytes)}`;
  const heap = `heap ${show(early.heapBytes)} then ${show(late.heapBytes)}`;
  return { line: `${name}: ${resident}, ${heap}, ${peak}: ${isFlat ? "flat" : "NOT FLAT"}`, isFlat };
}

function isWithin(early: number, late: number): boolean {
  return late <= early + Math.max(early * tolerance.share, tolerance.bytes);
}

function average(samples: readonly Sample[]): { residentBytes: number; heapBytes: number } {
  const mean = (of: (sample: Sample) => number) => samples.reduce((sum, each) => sum + of(each), 0) / samples.length;
  return { residentBytes: mean((each) => each.residentBytes), heapBytes: mean((each) => each.heapBytes) };
}

function show(bytes: number): string {
  return `${(bytes / MiB).toFixed(0)} MiB`;
}
