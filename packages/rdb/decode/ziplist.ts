/**
 * Ziplists, the packed form before listpacks: a header of ten bytes (size, offset of the last element, count),
 * elements, and 255. Each element begins with the length of the one before it, which must be right.
 *
 * Source: src/ziplist.c of Redis 6 and 7.
 */
import { PackedReader } from "./packed.ts";
import { signedAt } from "./value-cursor.ts";

const headerBytes = 10;
const terminator = 0xff;
/** In the header's count: too many for two bytes. */
const uncounted = 0xffff;
/** Instead of a length: it does not fit a byte, and stands in the four behind. */
const wideLength = 0xfe;

export class ZiplistReader extends PackedReader {
  #count = 0;
  #seen = 0;
  #last = 0;
  #lastStated = 0;
  #before = 0;

  protected start(): void {
    const { bytes, position, end } = this;
    if (end - position < headerBytes + 1) this.fail("expected a ziplist, found too few bytes");
    if (this.uint32(position) !== end - position)
      this.fail(`the ziplist says ${this.uint32(position)} bytes and has ${end - position}`);
    if (bytes[end - 1] !== terminator) this.fail("expected a ziplist that ends with 255");
    this.#lastStated = position + this.uint32(position + 4);
    this.#count = (bytes[position + 8] as number) | ((bytes[position + 9] as number) << 8);
    this.#seen = 0;
    this.#before = 0;
    this.position += headerBytes;
    this.#last = this.position;
    this.end = end - 1;
  }

  next(): boolean {
    const at = this.position;
    if (at >= this.end) return this.#finish();
    const encodingAt = this.#passLengthBefore(at);
    this.#has(encodingAt, 1);
    const first = this.bytes[encodingAt] as number;
    const after = first < 0xc0 ? this.#string(encodingAt, first) : this.#integer(encodingAt, first);
    this.#last = at;
    this.#before = after - at;
    this.position = after;
    this.#seen++;
    return true;
  }

  #passLengthBefore(at: number): number {
    const short = this.bytes[at] as number;
    if (short > wideLength) this.fail("expected the length of the element before, found 255");
    if (short === wideLength) this.#has(at, 5);
    const stated = short === wideLength ? this.uint32(at + 1) : short;
    if (stated !== this.#before) this.fail(`behind an element of ${this.#before} bytes stands that it has ${stated}`);
    return at + (short === wideLength ? 5 : 1);
  }

  #string(at: number, first: number): number {
    const kind = first >> 6;
    const headBytes = kind === 0 ? 1 : kind === 1 ? 2 : 5;
    this.#has(at, headBytes);
    const length =
      kind === 0
        ? first
        : kind === 1
          ? ((first & 0x3f) << 8) | (this.bytes[at + 1] as number)
          : this.#bigEndian32(at + 1);
    this.#has(at, headBytes + length);
    this.takeBytes(at + headBytes, at + headBytes + length);
    return at + headBytes + length;
  }

  #integer(at: number, first: number): number {
    if (first >= 0xf1 && first <= 0xfd) {
      this.takeInteger((first & 0x0f) - 1);
      return at + 1;
    }
    const width = integerWidth(first);
    if (width === 0) this.fail(`expected an element of a ziplist, found byte ${first}`);
    this.#has(at, 1 + width);
    if (width === 8) this.takeInteger64(at + 1);
    else this.takeInteger(signedAt(this.bytes, at + 1, width));
    return at + 1 + width;
  }

  #bigEndian32(at: number): number {
    const bytes = this.bytes;
    return (
      (((bytes[at] as number) << 24) |
        ((bytes[at + 1] as number) << 16) |
        ((bytes[at + 2] as number) << 8) |
        (bytes[at + 3] as number)) >>>
      0
    );
  }

  #has(at: number, bytes: number): void {
    if (at + bytes > this.end) this.fail("an element reaches beyond the ziplist");
  }

  #finish(): false {
    if (this.#count !== uncounted && this.#count !== this.#seen)
      this.fail(`the ziplist says ${this.#count} elements and has ${this.#seen}`);
    if (this.#lastStated !== this.#last) this.fail("the ziplist's last element is not where the ziplist says");
    return false;
  }
}

function integerWidth(first: number): number {
  if (first === 0xc0) return 2;
  if (first === 0xd0) return 4;
  if (first === 0xe0) return 8;
  if (first === 0xf0) return 3;
  return first === 0xfe ? 1 : 0;
}
