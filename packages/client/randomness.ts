/** Randomness, injected: the only file of the package that may draw it. Tests pass a seeded source and print the seed. */
import { randomBytes } from "node:crypto";

export interface Randomness {
  /** Uniform in [0, 1). */
  fraction(): number;
  /** Fit for secrets and for names that nobody else may have. */
  bytes(count: number): Buffer;
}

export const systemRandomness: Randomness = {
  fraction: () => randomBytes(4).readUInt32LE() / 2 ** 32,
  bytes: (count) => randomBytes(count),
};
