/** What writers see of one event: how long none of them, and each of them, had no write acknowledged. */
import { quantileOfSorted } from "../../quantile.ts";
import { ErrorCounts } from "./error-counts.ts";
import type { EventReport } from "./orders.ts";

/** A killed process may still answer for a moment on another core. */
const killTakesMs = 1;

export class EventWatch {
  reads = 0;
  failedReads = 0;
  reconnects = 0;
  readonly errors = new ErrorCounts();
  readonly #startMs: number;
  readonly #lastByWriter: (number | undefined)[];
  readonly #latencies: number[] = [];
  readonly #through = new Set<number>();
  readonly #failedByWriter = new Map<number, number>();
  #firstMs: number | null = null;
  #lastMs: number;
  #gapMs = 0;
  #clientGapMs = 0;

  /** `lastByWriter`: when each writer's last write before was acknowledged. */
  constructor(startMs: number, lastByWriter: readonly (number | undefined)[]) {
    this.#startMs = startMs;
    this.#lastMs = startMs;
    this.#lastByWriter = [...lastByWriter];
  }

  wrote(writer: number, sentMs: number, nowMs: number): void {
    this.#latencies.push(nowMs - sentMs);
    this.#gapMs = Math.max(this.#gapMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    this.#clientGapMs = Math.max(this.#clientGapMs, nowMs - (this.#lastByWriter[writer] ?? this.#startMs));
    this.#lastByWriter[writer] = nowMs;
    if (sentMs < this.#startMs + killTakesMs) return;
    this.#firstMs ??= nowMs;
    this.#through.add(writer);
  }

  failedToWrite(writer: number): void {
    this.#failedByWriter.set(writer, (this.#failedByWriter.get(writer) ?? 0) + 1);
  }

  /** How many writers had a write acknowledged that they sent after the beginning. */
  get writersThrough(): number {
    return this.#through.size;
  }

  report(): EventReport {
    const sorted = Float64Array.from(this.#latencies).sort();
    return {
      firstWriteMs: this.#firstMs === null ? null : this.#firstMs - this.#startMs,
      gapMs: this.#gapMs,
      clientGapMs: this.#clientGapMs,
      latency: {
        p50Ms: quantileOfSorted(sorted, 0.5),
        p99Ms: quantileOfSorted(sorted, 0.99),
        maxMs: sorted.at(-1) ?? Number.NaN,
      },
      writes: sorted.length,
      reads: this.reads,
      failedReads: this.failedReads,
      reconnects: this.reconnects,
      errors: this.errors.all(),
      writeErrorsMax: Math.max(0, ...this.#failedByWriter.values()),
    };
  }
}
