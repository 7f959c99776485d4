/** Randomness, injected: the only file of the package that may draw it. Tests pass a seeded source and print the seed. */
import { randomBytes } from "node:crypto";

export interface Randomness {
  /** Uniform in [0, 1). */
  fraction(): number;
  /** Fit for secrets and for names that nobody else may have. */
  bytes(count: number): Buffer;
}

/** Drawn ahead: asking the system for a few bytes at a time costs more than all else of a small write. None is handed out twice. */
const aheadBytes = 4_096;
let ahead = Buffer.alloc(0);

function drawn(count: number): Buffer {
  if (count > aheadBytes) return randomBytes(count);
  if (ahead.length < count) ahead = randomBytes(aheadBytes);
  const bytes = Buffer.from(ahead.subarray(0, count));
  ahead = ahead.subarray(count);
  return bytes;
}

export const systemRandomness: Randomness = {
  fraction: () => drawn(4).readUInt32LE() / 2 ** 32,
  bytes: drawn,
};
