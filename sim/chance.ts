/** Everything that is left to chance, from one seed. */
import type { Randomness } from "@larder/service";
import { randomFrom } from "../tests/fixture/seed.ts";

export class Chance implements Randomness {
  readonly #below: (count: number) => number;

  constructor(seed: number) {
    this.#below = randomFrom(seed);
  }

  fraction(): number {
    return this.#below(2 ** 32) / 2 ** 32;
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.#below(256)));
  }

  uuid(): string {
    return this.bytes(16).toString("hex");
  }

  /** Between the two, the second left out. */
  between(from: number, to: number): number {
    return from + (to - from) * this.fraction();
  }

  /** From 0 to `count` - 1. */
  below(count: number): number {
    return this.#below(count);
  }

  is(probability: number): boolean {
    return this.fraction() < probability;
  }

  oneOf<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}
