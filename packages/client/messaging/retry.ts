/** Asks until it is answered: for what a listener waits for and nobody can do without. */
import { type Clock, systemClock } from "../clock.ts";
import { type Randomness, systemRandomness } from "../randomness.ts";

export interface Retry {
  signal: AbortSignal;
  /** Each time that it failed. */
  onFailure(error: unknown): void;
  msMin: number;
  msMax: number;
  clock?: Clock;
  randomness?: Randomness;
}

/** undefined once the signal is aborted. Pauses double, and are of random length, so that processes do not come together. */
export async function untilAnswered<T>(ask: () => Promise<T>, retry: Retry): Promise<T | undefined> {
  const { clock = systemClock, randomness = systemRandomness } = retry;
  for (let pauseMs = retry.msMin; !retry.signal.aborted; pauseMs = Math.min(pauseMs * 2, retry.msMax)) {
    try {
      return await ask();
    } catch (error) {
      if (retry.signal.aborted) return undefined;
      retry.onFailure(error);
    }
    await clock.sleep(pauseMs * (0.5 + randomness.fraction()), retry.signal);
  }
  return undefined;
}
