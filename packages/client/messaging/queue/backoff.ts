/** How long a message waits after it has failed. */
import { type Duration, durationMs } from "../../duration.ts";
import type { Randomness } from "../../randomness.ts";

export interface BackoffOptions {
  /** "fixed" waits `delay` each time, "exponential" twice as long each time. */
  type: "fixed" | "exponential";
  /** After the first failure. 1 s. */
  delay?: Duration;
  /** The longest. 1 h. */
  delayMax?: Duration;
  /** By which share of itself a delay is shortened at random, so that what failed together is not tried together. 0.5. */
  jitter?: number;
}

/** "exponential" is `{ type: "exponential" }`. A function is given the number of the failed attempt, from 1 on, and what was thrown. */
export type Backoff = "fixed" | "exponential" | BackoffOptions | ((attempt: number, error: unknown) => Duration);

/** Answers ms. A function that throws, or returns no duration, counts as `{ type: "exponential" }`. */
export type BackoffPlan = (attempt: number, error: unknown) => number;

export function backoffPlan(backoff: Backoff, randomness: Randomness): BackoffPlan {
  if (typeof backoff === "function") {
    const otherwise = backoffPlan("exponential", randomness);
    return (attempt, error) => {
      try {
        return durationMs(backoff(attempt, error), "backoff");
      } catch {
        return otherwise(attempt, error);
      }
    };
  }
  const options = typeof backoff === "string" ? { type: backoff } : backoff;
  if (options?.type !== "fixed" && options?.type !== "exponential")
    throw new TypeError('backoff is none: use "fixed", "exponential", { type: … } or a function.');
  return (attempt) => delayAfter(attempt, options, randomness.fraction());
}

function delayAfter(attempt: number, options: BackoffOptions, fraction: number): number {
  const { type, delay = 1_000, delayMax = "1h", jitter = 0.5 } = options;
  const grown = durationMs(delay, "backoff.delay") * (type === "fixed" ? 1 : 2 ** (attempt - 1));
  return Math.round(Math.min(grown, durationMs(delayMax, "backoff.delayMax")) * (1 - jitter * fraction));
}
