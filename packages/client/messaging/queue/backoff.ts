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
  /** By which share of itself a delay is shortened at random, so that what failed together is not tried together. 0.5 if exponential, else 0. */
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
  return grown(options, randomness);
}

function grown(options: BackoffOptions, randomness: Randomness): BackoffPlan {
  const isFixed = options.type === "fixed";
  const firstMs = durationMs(options.delay ?? 1_000, "backoff.delay");
  const mostMs = durationMs(options.delayMax ?? "1h", "backoff.delayMax");
  const jitter = options.jitter ?? (isFixed ? 0 : 0.5);
  if (!(jitter >= 0 && jitter <= 1)) throw new TypeError("backoff.jitter is no share from 0 to 1.");
  return (attempt) => {
    const delayMs = Math.min(firstMs * (isFixed ? 1 : 2 ** (attempt - 1)), mostMs);
    return Math.round(delayMs * (1 - jitter * randomness.fraction()));
  };
}
