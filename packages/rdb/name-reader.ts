/**
 * Strings that the reader itself looks at: keys, auxiliary fields, libraries. Plain ones stay where they are; integers
 * and compressed ones are made into bytes of their own.
 */
import { LengthReader, malformed, stringForm } from "./length.ts";
import type { RdbLimits } from "./limits.ts";
import { canExpandTo, decompressLzf } from "./lzf.ts";
import { RdbError } from "./rdb-error.ts";

const encoder = new TextEncoder();

export class NameReader {
  /** Where the last string is. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  readonly #limits: RdbLimits;
  readonly #length = new LengthReader();

  constructor(limits: RdbLimits) {
    this.#limits = limits;
  }

  /** The last string, without a copy. */
  view(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }

  /** The position behind the string, or -1 if it is not all there. */
  read(bytes: Uint8Array, at: number, end: number, base: number): number {
    let after = this.#length.read(bytes, at, end);
    if (after === malformed || (after > 0 && this.#length.isForm && this.#length.value > stringForm.lzf))
      throw new RdbError("malformed", base + at, "Expected a string, found another byte");
    if (after < 0) return -1;
    if (this.#length.isForm) {
      if (this.#length.value === stringForm.lzf) return this.#readCompressed(bytes, after, end, base);
      return this.#readInteger(bytes, after, end);
    }
    this.#check(this.#length.value, base + at);
    this.bytes = bytes;
    this.start = after;
    after += this.#length.value;
    this.end = after;
    return after <= end ? after : -1;
  }

  #readInteger(bytes: Uint8Array, at: number, end: number): number {
    const size = 1 << this.#length.value;
    if (at + size > end) return -1;
    let value = 0;
    for (let index = 0; index < size; index++) value |= (bytes[at + index] as number) << (8 * index);
    this.#give(encoder.encode(String((value << (32 - 8 * size)) >> (32 - 8 * size))));
    return at + size;
  }

  #readCompressed(bytes: Uint8Array, at: number, end: number, base: number): number {
    let after = this.#length.read(bytes, at, end);
    const compressed = this.#length.value;
    const isLength = !this.#length.isForm;
    if (after > 0) after = this.#length.read(bytes, after, end);
    const length = this.#length.value;
    if (after === malformed || (after > 0 && (!isLength || this.#length.isForm || !canExpandTo(compressed, length))))
      throw new RdbError("malformed", base + at, "Expected the two lengths of a compressed string");
    if (after < 0) return -1;
    this.#check(length, base + at);
    this.#check(compressed, base + at);
    if (after + compressed > end) return -1;
    const output = new Uint8Array(length);
    if (!decompressLzf(bytes, after, after + compressed, output, 0, length))
      throw new RdbError("malformed", base + after, `Expected a compressed string of ${length} bytes`);
    this.#give(output);
    return after + compressed;
  }

  #give(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.start = 0;
    this.end = bytes.length;
  }

  #check(count: number, offset: number): void {
    if (count <= this.#limits.nameBytesMax) return;
    const limit = `over the limit of ${this.#limits.nameBytesMax} (nameBytesMax)`;
    throw new RdbError("over-limit", offset, `A key, name or library of ${count} bytes, ${limit},`);
  }
}
