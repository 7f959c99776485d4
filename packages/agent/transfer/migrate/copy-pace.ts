/**
 * How fast a source's data is taken while it is copied, so that those whom the source serves notice little of it. Either as fast as it
 * comes ("full"), or at a rate in bytes a second, or at one that follows how soon the source answers beside it ("auto").
 *
 * A source keeps what was written meanwhile in its own memory, and cuts off who takes too long: the rate never falls below
 * `copyBytesPerSecondMin`. It does not stay high either: what is not used for a while is not saved up.
 */
import type { CopyPace as WantedPace } from "@larder/api";
import type { Clock } from "@larder/service";
import { migrationLimits } from "./migration-limits.ts";

/** What may be taken at once after a pause. */
const burstMs = 50;
/** An answer that takes so much longer than without a copy is late: by both. */
const lateFactor = 1.5;
const lateMs = 0.5;
/** At a late answer the rate falls to so much of it, at one in time it rises by so much. */
const fall = 0.8;
const rise = 1.05;

export class CopyPace {
  readonly #clock: Clock;
  readonly #isAdaptive: boolean;
  /** null: as fast as it comes. */
  #bytesPerSecond: number | null;
  #earnedBytes = 0;
  #earnedAtMs: number;

  constructor(pace: WantedPace, clock: Clock) {
    this.#clock = clock;
    this.#isAdaptive = pace === "auto";
    this.#bytesPerSecond = pace === "full" ? null : pace === "auto" ? migrationLimits.copyBytesPerSecondFirst : pace;
    this.#earnedAtMs = clock.monotonicMs();
  }

  get isAdaptive(): boolean {
    return this.#isAdaptive;
  }

  get bytesPerSecond(): number | null {
    return this.#bytesPerSecond;
  }

  /** The source has answered after so long; without a copy it took `usualMs`. */
  answered(tookMs: number, usualMs: number): void {
    if (!this.#isAdaptive || this.#bytesPerSecond === null) return;
    const isLate = tookMs > usualMs * lateFactor && tookMs > usualMs + lateMs;
    const { copyBytesPerSecondMin: min, copyBytesPerSecondMax: max } = migrationLimits;
    this.#bytesPerSecond = Math.min(max, Math.max(min, this.#bytesPerSecond * (isLate ? fall : rise)));
  }

  /** Bytes have come. Resolves when more may. */
  async spend(bytes: number, signal: AbortSignal): Promise<void> {
    const waitMs = this.waitMs(bytes);
    if (waitMs >= 1) await this.#clock.sleep(waitMs, signal);
  }

  waitMs(bytes: number): number {
    const rate = this.#bytesPerSecond;
    if (rate === null) return 0;
    const nowMs = this.#clock.monotonicMs();
    const earned = this.#earnedBytes + ((nowMs - this.#earnedAtMs) * rate) / 1_000;
    this.#earnedBytes = Math.min(earned, (burstMs * rate) / 1_000) - bytes;
    this.#earnedAtMs = nowMs;
    return Math.max(0, (-this.#earnedBytes * 1_000) / rate);
  }
}
