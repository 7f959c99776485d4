/** Sends reports: at once after a change (changes of one moment together), and never more than `everyMs` apart. */
import type { Clock } from "@larder/service";
import { Wakeup } from "./wakeup.ts";

export interface ReporterOptions {
  /** Sends one whole report; false when it was not taken, or the controller has said something that is not here yet. */
  send: () => Promise<boolean>;
  everyMs: number;
  clock: Clock;
}

/** A report that was not taken is repeated soon: it may have told of a change. */
const repeatMs = 200;

export class Reporter {
  readonly #options: ReporterOptions;
  readonly #wakeup: Wakeup;
  #takenAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#wakeup = new Wakeup(options.clock);
  }

  /** Since the newest report that was taken was sent: until then nobody can have decided anything that is not known here. */
  get silentMs(): number {
    return this.#options.clock.monotonicMs() - this.#takenAtMs;
  }

  /** Reports soon. */
  changed(): void {
    this.#wakeup.wake();
  }

  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.#wakeup.wake(), { once: true });
    while (!signal.aborted) {
      const sentAtMs = this.#options.clock.monotonicMs();
      const taken = await this.#options.send();
      if (taken) this.#takenAtMs = sentAtMs;
      await this.#wakeup.wait(taken ? this.#options.everyMs : repeatMs);
    }
  }
}
