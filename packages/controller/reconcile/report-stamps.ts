/**
 * How old a report is, by this controller's clock alone: each answer to an agent has a stamp, and the agent's next report
 * gives it back. What is reported was seen after that. Clocks of hosts are never compared.
 */
import { agentLimits, type ReportStamp } from "@larder/api";
import type { Clock } from "@larder/service";

export class ReportStamps {
  readonly #clock: Clock;
  /** The monotonic clocks of two lives may show the same. */
  readonly #life: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#life = clock.nowMs();
  }

  next(): ReportStamp {
    return { life: this.#life, atMs: this.#clock.monotonicMs() };
  }

  /** Whether what is reported with it may be believed. */
  isFresh(stamp: ReportStamp | null): boolean {
    if (stamp?.life !== this.#life) return false;
    return this.#clock.monotonicMs() - stamp.atMs <= agentLimits.reportAgeMs;
  }
}
