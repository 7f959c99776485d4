/** Randomness, injected: the only file that may draw it. Tests pass a seeded source and print the seed. */
import { randomBytes, randomUUID } from "node:crypto";

export interface Randomness {
  /** Uniform in [0, 1). */
  fraction(): number;
  /** Fit for secrets. */
  bytes(count: number): Buffer;
  uuid(): string;
}

export const systemRandomness: Randomness = {
  fraction: () => randomBytes(4).readUInt32LE() / 2 ** 32,
  bytes: (count) => randomBytes(count),
  uuid: () => randomUUID(),
};
