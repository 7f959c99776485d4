/**
 * How old a report is, by this controller's clock alone: each answer to an agent has a stamp, and the agent's next report
 * gives it back. What is reported was seen after that. Clocks of hosts are never compared.
 */
import { agentLimits, type ReportStamp } from "@larder/api";
import type { Clock } from "@larder/service";

export class ReportStamps {
  /** The monotonic clocks of two lives may show the same. */
  readonly #life: number;

  constructor(clock: Clock) {
    this.#life = clock.nowMs();
  }

  /** For the answer to a report that was judged at `atMs`, by the monotonic clock. */
  at(atMs: number): ReportStamp {
    return { life: this.#life, atMs };
  }

  /** Whether what is reported with it may be believed at `nowMs`, by the monotonic clock. */
  isFresh(stamp: ReportStamp | null, nowMs: number): boolean {
    if (stamp?.life !== this.#life) return false;
    return nowMs - stamp.atMs <= agentLimits.reportAgeMs;
  }
}
