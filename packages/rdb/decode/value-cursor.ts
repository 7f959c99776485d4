/**
 * Reads the pieces of a value's encoding one by one: lengths, strings in any form, numbers.
 *
 * The bytes may come in parts. What asks for more than is there gets `BytesMissing`, thrown; who reads goes back to
 * where its element began and tries again when as much has come as is known to be needed, so that no element is read
 * anew for every part. When no more can come, it is an error that names the offset.
 *
 * Nothing is allocated by what a length promises: a plain string must be there first, and a compressed one must be
 * able to become that long.
 */
import { incomplete, LengthReader, malformed, stringForm } from "../length.ts";
import { canExpandTo, decompressLzf } from "../lzf.ts";
import { RdbError } from "../rdb-error.ts";
import type { ByteSpan } from "./byte-span.ts";
import type { StreamId } from "./element-sink.ts";

/** Not an error: one object, without a stack, as it says nothing but "later". */
export const bytesMissing: unique symbol = Symbol("bytes are missing");

const uint32Range = 0x1_0000_0000;
/** One double and its bytes. What runs this is little-endian, as RDB files are. */
const doubles = new Float64Array(1);
const doubleBytes = new Uint8Array(doubles.buffer);
const noBytes = new Uint8Array(0);

export class ValueCursor {
  bytes: Uint8Array = noBytes;
  position = 0;
  end = 0;
  /** Nothing follows behind `end`. */
  isComplete = true;
  /** The offset in the file of byte 0 of `bytes`. */
  base = 0;
  /** Up to this offset bytes must be there before what was missing can be read. */
  missingUntil = 0;
  readonly #stringBytesMax: number;
  readonly #length = new LengthReader();

  constructor(stringBytesMax: number) {
    this.#stringBytesMax = stringBytesMax;
  }

  get offset(): number {
    return this.base + this.position;
  }

  /** So many bytes are there from the position on, or else nothing is read. */
  need(count: number): void {
    if (this.position + count <= this.end) return;
    if (!this.isComplete) {
      this.missingUntil = this.base + this.position + count;
      throw bytesMissing;
    }
    throw new RdbError("truncated", this.base + this.end, `expected ${this.position + count - this.end} bytes more`);
  }

  fail(what: string): never {
    throw new RdbError("malformed", this.offset, what);
  }

  /** A count of something: exact, so at most 2^53. */
  count(what: string): number {
    const length = this.#read(what);
    if (length.isForm) this.fail(`expected ${what}, found the form of a string`);
    if (length.value > Number.MAX_SAFE_INTEGER) this.fail(`expected ${what}, found ${length.value}`);
    return length.value;
  }

  /** An unsigned integer of 64 bits in the form of a length. */
  integer(what: string): bigint {
    const length = this.#read(what);
    if (length.isForm) this.fail(`expected ${what}, found the form of a string`);
    if (length.value <= Number.MAX_SAFE_INTEGER) return BigInt(length.value);
    return (BigInt(length.high >>> 0) << 32n) | BigInt(length.low >>> 0);
  }

  string(into: ByteSpan, what: string): void {
    const length = this.#read(what);
    if (length.isForm) return this.#formedString(into, length.value, what);
    const bytes = length.value;
    this.#mayHold(bytes, what);
    this.need(bytes);
    into.set(this.bytes, this.position, this.position + bytes);
    this.position += bytes;
  }

  /**
   * The length of a plain string whose bytes then are at the position, or -1 before a string in another form, with
   * nothing read.
   */
  plainStringLength(what: string): number {
    const before = this.position;
    const length = this.#read(what);
    if (!length.isForm) {
      this.#mayHold(length.value, what);
      return length.value;
    }
    this.position = before;
    return -1;
  }

  /** Text behind a byte with its length, or one that names NaN or an infinity: scores up to RDB 7. */
  textScore(): number {
    this.need(1);
    const length = this.bytes[this.position] as number;
    if (length === 254 || length === 255) {
      this.position++;
      return length === 254 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    }
    if (length === 253) this.fail("expected a score, found NaN");
    this.need(1 + length);
    const start = this.position + 1;
    const score = scoreOf(this.bytes, start, start + length);
    if (Number.isNaN(score)) this.fail("expected the digits of a score");
    this.position = start + length;
    return score;
  }

  double(): number {
    this.need(8);
    for (let index = 0; index < 8; index++) doubleBytes[index] = this.bytes[this.position + index] as number;
    const score = doubles[0] as number;
    if (Number.isNaN(score)) this.fail("expected a score, found NaN");
    this.position += 8;
    return score;
  }

  /** Signed, of 64 bits, least significant first; negative ones are exact down to -2^53. */
  milliseconds(): number {
    this.need(8);
    const low = this.#uint32(this.position);
    const high = this.#uint32(this.position + 4) | 0;
    this.position += 8;
    return high * uint32Range + low;
  }

  /** Sixteen bytes, most significant first. */
  rawStreamId(): StreamId {
    this.need(16);
    const id = rawStreamIdAt(this.bytes, this.position);
    this.position += 16;
    return id;
  }

  streamId(): StreamId {
    const ms = this.integer("the milliseconds of a stream id");
    return { ms, seq: this.integer("the sequence number of a stream id") };
  }

  #read(what: string): LengthReader {
    const after = this.#length.read(this.bytes, this.position, this.end);
    if (after === malformed) this.fail(`expected ${what}, found byte ${this.bytes[this.position]}`);
    if (after === incomplete) this.need(this.end - this.position + 1);
    this.position = after;
    return this.#length;
  }

  #mayHold(bytes: number, what: string): void {
    if (bytes <= this.#stringBytesMax) return;
    const limit = `more than stringBytesMax, ${this.#stringBytesMax}`;
    throw new RdbError("over-limit", this.offset, `${what} would have ${bytes} bytes, ${limit},`);
  }

  #formedString(into: ByteSpan, form: number, what: string): void {
    if (form === stringForm.lzf) return this.#compressedString(into, what);
    const width = form === stringForm.int8 ? 1 : form === stringForm.int16 ? 2 : form === stringForm.int32 ? 4 : 0;
    if (width === 0) this.fail(`expected ${what}, found a string in the unknown form ${form}`);
    this.need(width);
    into.setInteger(signedAt(this.bytes, this.position, width));
    this.position += width;
  }

  #compressedString(into: ByteSpan, what: string): void {
    const compressed = this.count(`the compressed length of ${what}`);
    const plain = this.count(`the length of ${what}`);
    this.#mayHold(compressed, what);
    this.#mayHold(plain, what);
    if (!canExpandTo(compressed, plain)) this.fail(`${compressed} compressed bytes cannot become ${plain}`);
    this.need(compressed);
    const output = new Uint8Array(plain);
    if (!decompressLzf(this.bytes, this.position, this.position + compressed, output, 0, plain))
      this.fail(`expected ${what} compressed with LZF`);
    this.position += compressed;
    into.set(output, 0, plain);
  }

  #uint32(at: number): number {
    return signedAt(this.bytes, at, 4) >>> 0;
  }
}

/** Least significant byte first, of one to four bytes. */
export function signedAt(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let index = 0; index < width; index++) value |= (bytes[at + index] as number) << (8 * index);
  const unused = 32 - 8 * width;
  return (value << unused) >> unused;
}

export function rawStreamIdAt(bytes: Uint8Array, at: number): StreamId {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 16);
  return { ms: view.getBigUint64(0), seq: view.getBigUint64(8) };
}

/** NaN for what is no number as the engines print it. */
export function scoreOf(bytes: Uint8Array, start: number, end: number): number {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at] as number);
  if (text === "inf" || text === "+inf") return Number.POSITIVE_INFINITY;
  if (text === "-inf") return Number.NEGATIVE_INFINITY;
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}
