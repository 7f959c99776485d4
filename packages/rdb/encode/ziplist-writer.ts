/**
 * Makes ziplists: how lists are packed up to RDB 9. Every element is written as a string, which engines read as well
 * as integers; they pack integers better, but only once they rewrite the node.
 *
 * Source: src/ziplist.c of Redis 6.
 */
import { ByteSpan } from "../decode/byte-span.ts";

const headerBytes = 10;
const terminator = 0xff;
const shortLengthMax = 253;
const countMax = 0xffff;
const firstRoom = 16 << 10;
/** What an element needs beside its bytes: the length of the one before it, and its own. */
const elementHeadBytesMax = 10;

export class ZiplistWriter {
  #bytes = new Uint8Array(firstRoom);
  #view = new DataView(this.#bytes.buffer);
  #end = headerBytes;
  #last = headerBytes;
  #count = 0;
  readonly #span = new ByteSpan();

  start(): void {
    if (this.#bytes.length > firstRoom) this.#setRoom(new Uint8Array(firstRoom));
    this.#end = headerBytes;
    this.#last = headerBytes;
    this.#count = 0;
  }

  add(element: ByteSpan): void {
    this.#reserve(element.length + elementHeadBytesMax);
    const lengthBefore = this.#end - this.#last;
    this.#last = this.#end;
    this.#writeLengthBefore(lengthBefore);
    this.#writeLength(element.length);
    this.#bytes.set(element.view(), this.#end);
    this.#end += element.length;
    this.#count++;
  }

  /** The ziplist, until the next `start`. */
  finish(): ByteSpan {
    this.#reserve(1);
    this.#bytes[this.#end++] = terminator;
    this.#view.setUint32(0, this.#end, true);
    this.#view.setUint32(4, this.#last, true);
    this.#view.setUint16(8, Math.min(this.#count, countMax), true);
    this.#span.set(this.#bytes, 0, this.#end);
    return this.#span;
  }

  #writeLengthBefore(length: number): void {
    if (length <= shortLengthMax) {
      this.#bytes[this.#end++] = length;
      return;
    }
    this.#bytes[this.#end++] = shortLengthMax + 1;
    this.#view.setUint32(this.#end, length, true);
    this.#end += 4;
  }

  #writeLength(length: number): void {
    if (length < 0x40) this.#bytes[this.#end++] = length;
    else if (length < 0x4000) {
      this.#bytes[this.#end++] = 0x40 | (length >>> 8);
      this.#bytes[this.#end++] = length;
    } else {
      this.#bytes[this.#end++] = 0x80;
      this.#view.setUint32(this.#end, length);
      this.#end += 4;
    }
  }

  #reserve(more: number): void {
    if (this.#end + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#end + more));
    grown.set(this.#bytes.subarray(0, this.#end));
    this.#setRoom(grown);
  }

  #setRoom(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}
