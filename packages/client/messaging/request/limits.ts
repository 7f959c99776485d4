import { MessageTooLarge } from "../channel/options.ts";

/** Bounds of services and calls. */
export const serviceLimits = {
  /** How long a caller waits for the answer. */
  timeoutMs: 5_000,
  /** As long as timers can be. A longer time-out is this one. */
  timeoutMsMax: 2 ** 31 - 1,
  /** Of a request or an answer as JSON. */
  bytesMax: 1024 * 1024,
  /** Requests that one responder works on at a time; one more is answered with BUSY at once. */
  concurrencyMax: 100,
  /** How long a responder whose process died without a word may stay listed; it is passed over before. */
  listedMs: 24 * 3_600_000,
} as const;

/** Throws MESSAGE_TOO_LARGE, or a TypeError for what JSON cannot say. */
export function checkBytes(letter: { body?: unknown }, what: string): void {
  const bytes = Buffer.byteLength(JSON.stringify(letter));
  if (bytes > serviceLimits.bytesMax) throw new MessageTooLarge(bytes, serviceLimits.bytesMax, what);
}
