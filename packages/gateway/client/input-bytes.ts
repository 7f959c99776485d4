/** Pieces of a client's input that are kept for later. */

/** The bytes from `start` on, apart from the buffer that they came in when that is much larger. */
export function copyOfRest(bytes: Buffer, start: number): Buffer {
  const rest = bytes.subarray(start);
  return rest.length * 2 < bytes.length ? Buffer.from(rest) : rest;
}

/** One after the other; null where there is neither. */
export function joined(first: Buffer | null, second: Buffer | null): Buffer | null {
  if (first === null || second === null) return first ?? second;
  return Buffer.concat([first, second]);
}
