/** Bytes that are written one behind the other, in the forms of RDB files; the room grows as it must. */
import { Crc64 } from "../crc64.ts";

const firstRoom = 64 << 10;
/** A larger room, that a large value needed, is not held when the value is gone. */
const roomBetweenMax = 4 << 20;
/** A view and a call cost more than copying so few. */
const smallBytes = 32;
const uint32Range = 0x1_0000_0000;

export class ByteWriter {
  #bytes = new Uint8Array(firstRoom);
  #view = new DataView(this.#bytes.buffer);
  #end = 0;
  /** Of all that was taken. */
  readonly #crc = new Crc64();

  get length(): number {
    return this.#end;
  }

  /** All that was written since the last time: the caller's own. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#end);
    this.#crc.update(taken, 0, taken.length);
    this.#end = 0;
    if (this.#bytes.length > roomBetweenMax) this.#setRoom(new Uint8Array(firstRoom));
    return taken;
  }

  /** Unwrites what was written from a length on. */
  cutTo(length: number): void {
    this.#end = length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#end++] = value;
  }

  raw(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.#reserve(end - start);
    if (end - start < smallBytes) {
      for (let at = start; at < end; at++) this.#bytes[this.#end++] = bytes[at] as number;
      return;
    }
    this.#bytes.set(bytes.subarray(start, end), this.#end);
    this.#end += end - start;
  }

  /** In the shortest form that holds it; whole and at most 2^53. */
  count(value: number): void {
    if (value >= uint32Range) return this.integer(BigInt(value));
    this.#reserve(5);
    if (value < 0x40) this.#bytes[this.#end++] = value;
    else if (value < 0x4000) {
      this.#bytes[this.#end++] = 0x40 | (value >>> 8);
      this.#bytes[this.#end++] = value;
    } else this.#wideCount(value);
  }

  /** As a count, but of 64 bits. */
  integer(value: bigint): void {
    if (value < BigInt(uint32Range)) return this.count(Number(value));
    this.#reserve(9);
    this.#bytes[this.#end++] = 0x81;
    this.#view.setBigUint64(this.#end, value);
    this.#end += 8;
  }

  /** Room for a count below 2^32 that is not known yet; where `setCount` puts it. */
  laterCount(): number {
    this.#reserve(5);
    const at = this.#end;
    this.#wideCount(0);
    return at;
  }

  setCount(at: number, value: number): void {
    this.#view.setUint32(at + 1, value);
  }

  string(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.count(end - start);
    this.raw(bytes, start, end);
  }

  /** Least significant byte first, as are milliseconds. */
  double(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#end, value, true);
    this.#end += 8;
  }

  /** Signed, of 64 bits. */
  milliseconds(value: number): void {
    this.#reserve(8);
    this.#view.setBigInt64(this.#end, BigInt(value), true);
    this.#end += 8;
  }

  /** Sixteen bytes, most significant first. */
  rawStreamId(id: { readonly ms: bigint; readonly seq: bigint }): void {
    this.#reserve(16);
    this.#view.setBigUint64(this.#end, id.ms);
    this.#view.setBigUint64(this.#end + 8, id.seq);
    this.#end += 16;
  }

  /** Of all that was ever written, taken or not. */
  checksum(): void {
    const crc = new Crc64();
    crc.high = this.#crc.high;
    crc.low = this.#crc.low;
    crc.update(this.#bytes, 0, this.#end);
    this.#reserve(8);
    crc.writeTo(this.#bytes, this.#end);
    this.#end += 8;
  }

  #wideCount(value: number): void {
    this.#bytes[this.#end++] = 0x80;
    this.#view.setUint32(this.#end, value);
    this.#end += 4;
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#end + bytes));
    grown.set(this.#bytes.subarray(0, this.#end));
    this.#setRoom(grown);
  }

  #setRoom(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}
