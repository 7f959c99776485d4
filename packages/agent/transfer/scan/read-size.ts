/**
 * How many keys of a server are read at once, so that what comes is bounded in bytes. A server that says what keys weigh (MEMORY USAGE)
 * is believed; of another one the last keys that came are taken as a measure, beginning with one. A key that is larger than the bound
 * is read alone. Pure.
 */
import { migrationLimits } from "../migrate/migration-limits.ts";

export class ReadSize {
  readonly #keysMax: number;
  #keys = 1;

  constructor(keysMax: number) {
    this.#keysMax = keysMax;
  }

  /** Of keys of such weights, from one on, how many come next: at least one. null: nobody says what it weighs. */
  next(weights: readonly (number | null)[], from: number): number {
    let bytes = 0;
    let unknown = 0;
    let index = from;
    for (; index < weights.length && index - from < this.#keysMax; index++) {
      const weight = weights[index] ?? null;
      if (weight === null) unknown++;
      else bytes += weight;
      const isFull = bytes > migrationLimits.readBytesMax || unknown > this.#keys;
      if (isFull && index > from) break;
    }
    return index - from;
  }

  /** So large were keys that were read. */
  took(payloads: readonly number[]): void {
    if (payloads.length === 0) return;
    const largest = Math.max(1, ...payloads);
    const fitting = Math.max(1, Math.floor(migrationLimits.readBytesMax / largest));
    this.#keys = Math.min(fitting, 2 * this.#keys, this.#keysMax);
  }
}
