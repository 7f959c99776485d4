/** The bounds of a transfer. Each can be set when a storage is opened. */
export interface StorageLimits {
  /** A file goes out and comes in by parts of so many bytes. On its way out they grow (`partBytesAt`). S3 takes none below 5 MiB. */
  partBytes: number;
  /** How many parts go out at once. With the one that is filled they are a put's memory; a get has two. */
  partsInFlightMax: number;
  /** How often a request is sent before its failure is the caller's. */
  attemptsMax: number;
  /** The pauses between attempts: doubling from the first to the longest. */
  pauseMs: { firstMs: number; maxMs: number };
  /** A request that nothing comes of for so long counts as failed. */
  idleTimeoutMs: number;
  /** How long one part may take on its way out. With the size of a part: the slowest link that will do. */
  partTimeoutMs: number;
}

const mebibyte = 1024 * 1024;

export const defaultStorageLimits: StorageLimits = {
  partBytes: 8 * mebibyte,
  partsInFlightMax: 3,
  attemptsMax: 5,
  pauseMs: { firstMs: 200, maxMs: 10_000 },
  idleTimeoutMs: 30_000,
  partTimeoutMs: 120_000,
};

/** What S3 takes for a file. Azure takes 50,000, and is held to the same, so that a file fits wherever it is put. */
export const partsMax = 10_000;
/** Then parts are twice as large: a file of 20 GB is sent by the smallest, and the largest is of 293 GiB. */
const partsOfOneSize = 2_500;

/** The size of a file's part, from 0. */
export function partBytesAt(index: number, limits: StorageLimits): number {
  return limits.partBytes * 2 ** Math.floor(index / partsOfOneSize);
}
