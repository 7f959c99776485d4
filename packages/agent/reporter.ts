/**
 * Sends reports: at once after a change (changes of one moment together), and never more than `everyMs` apart. One that came
 * too late is made again at once, from what is so now; the one after that waits again, as a controller that takes none is not
 * to be pressed.
 */
import type { Clock } from "@larder/service";
import { Wakeup } from "./wakeup.ts";

/**
 * taken     and all that the controller had said by then is known here
 * too late  the controller could not know that it was still so
 * failed    nobody knows, or the controller has said something that is not here yet
 */
export type ReportFate = "taken" | "too late" | "failed";

export interface ReporterOptions {
  /** Sends one whole report. */
  send: () => Promise<ReportFate>;
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
    let isMadeAgain = false;
    while (!signal.aborted) {
      const sentAtMs = this.#options.clock.monotonicMs();
      const fate = await this.#options.send();
      if (fate === "taken") this.#takenAtMs = sentAtMs;
      isMadeAgain = fate === "too late" && !isMadeAgain;
      if (!isMadeAgain) await this.#wakeup.wait(fate === "taken" ? this.#options.everyMs : repeatMs);
    }
  }
}
