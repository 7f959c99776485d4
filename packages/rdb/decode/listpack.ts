/**
 * Listpacks: a header of six bytes (size, count), elements, and 255. An element is its encoding, its bytes, and behind
 * them how long both were, for those who read backwards: nobody does here, but an engine would, so it must be right.
 *
 * Source: src/listpack.c of Redis 7 and antirez's specification of listpacks.
 */
import { PackedReader } from "./packed.ts";
import { signedAt } from "./value-cursor.ts";

const headerBytes = 6;
const terminator = 0xff;
/** In the header's count: too many for two bytes. */
const uncounted = 0xffff;

export class ListpackReader extends PackedReader {
  #count = 0;
  #seen = 0;

  protected start(): void {
    const { bytes, position, end } = this;
    if (end - position < headerBytes + 1) this.fail("expected a listpack, found too few bytes");
    if (this.uint32(position) !== end - position)
      this.fail(`the listpack says ${this.uint32(position)} bytes and has ${end - position}`);
    if (bytes[end - 1] !== terminator) this.fail("expected a listpack that ends with 255");
    this.#count = (bytes[position + 4] as number) | ((bytes[position + 5] as number) << 8);
    this.#seen = 0;
    this.position += headerBytes;
    this.end = end - 1;
  }

  next(): boolean {
    const at = this.position;
    if (at >= this.end) return this.#finish();
    const first = this.bytes[at] as number;
    if (first < 0x80) {
      this.takeInteger(first);
      return this.#advance(at, 1);
    }
    if (first < 0xc0) return this.#string(at, 1, first & 0x3f);
    if (first < 0xe0) {
      this.#has(at, 2);
      this.takeInteger(((((first & 0x1f) << 8) | (this.bytes[at + 1] as number)) << 19) >> 19);
      return this.#advance(at, 2);
    }
    if (first < 0xf0) {
      this.#has(at, 2);
      return this.#string(at, 2, ((first & 0x0f) << 8) | (this.bytes[at + 1] as number));
    }
    return this.#wide(at, first);
  }

  #wide(at: number, first: number): boolean {
    if (first === 0xf0) {
      this.#has(at, 5);
      return this.#string(at, 5, this.uint32(at + 1));
    }
    if (first === 0xf4) {
      this.#has(at, 9);
      this.takeInteger64(at + 1);
      return this.#advance(at, 9);
    }
    if (first > 0xf4) this.fail(`expected an element of a listpack, found byte ${first}`);
    const width = first - 0xf1 + 2;
    this.#has(at, 1 + width);
    this.takeInteger(signedAt(this.bytes, at + 1, width));
    return this.#advance(at, 1 + width);
  }

  #string(at: number, headBytes: number, length: number): boolean {
    this.#has(at, headBytes + length);
    this.takeBytes(at + headBytes, at + headBytes + length);
    return this.#advance(at, headBytes + length);
  }

  #has(at: number, bytes: number): void {
    if (at + bytes > this.end) this.fail("an element reaches beyond the listpack");
  }

  /** To behind the length that stands behind the element, seven bits a byte, most significant first. */
  #advance(at: number, length: number): boolean {
    const after = at + length;
    const width = length < 128 ? 1 : length < 16_383 ? 2 : length < 2_097_151 ? 3 : length < 268_435_455 ? 4 : 5;
    this.position = after;
    if (after + width > this.end) this.fail("an element's length reaches beyond the listpack");
    let stated = 0;
    for (let index = 0; index < width; index++) stated = stated * 128 + ((this.bytes[after + index] as number) & 127);
    if (stated !== length) this.fail(`an element of ${length} bytes says backwards that it has ${stated}`);
    this.position = after + width;
    this.#seen++;
    return true;
  }

  #finish(): false {
    if (this.#count !== uncounted && this.#count !== this.#seen)
      this.fail(`the listpack says ${this.#count} elements and has ${this.#seen}`);
    return false;
  }
}
