/**
 * A length as RDB files write it: 6 bits within one byte, 14 within two, 32 or 64 behind a byte, most significant
 * first. Two set bits at the top mean that no length follows but a string in the form that the other six bits name.
 *
 * One object is read into again and again. `value` is exact up to 2^53; `high` and `low` always are.
 */
export const stringForm = { int8: 0, int16: 1, int32: 2, lzf: 3 } as const;

/** What `read` gives instead of a position. */
export const incomplete = -1;
export const malformed = -2;

export class LengthReader {
  value = 0;
  high = 0;
  low = 0;
  /** Then `value` is the form of a string, and no length. */
  isForm = false;

  /** The position behind the length, or `incomplete` or `malformed`. */
  read(bytes: Uint8Array, at: number, end: number): number {
    if (at >= end) return incomplete;
    const first = bytes[at] as number;
    this.isForm = false;
    this.high = 0;
    if (first < 0x40) return this.#take(first, at + 1);
    if (first < 0x80) {
      if (at + 2 > end) return incomplete;
      return this.#take(((first & 0x3f) << 8) | (bytes[at + 1] as number), at + 2);
    }
    if (first >= 0xc0) {
      this.isForm = true;
      return this.#take(first & 0x3f, at + 1);
    }
    if (first === 0x80) {
      if (at + 5 > end) return incomplete;
      return this.#take(uint32At(bytes, at + 1), at + 5);
    }
    if (first !== 0x81) return malformed;
    if (at + 9 > end) return incomplete;
    this.high = uint32At(bytes, at + 1);
    this.low = uint32At(bytes, at + 5);
    this.value = this.high * 0x1_0000_0000 + this.low;
    return at + 9;
  }

  #take(value: number, after: number): number {
    this.value = value;
    this.low = value;
    return after;
  }
}

function uint32At(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  );
}
