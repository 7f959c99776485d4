/**
 * Zipmaps, how small hashes looked up to Redis 2.4: a count that is not always there, names and values each behind its
 * length, and 255. Behind a value may be unused bytes, and a byte before it says how many.
 *
 * Source: src/zipmap.c of Redis 7, which still reads them.
 */
import { PackedReader } from "./packed.ts";

const terminator = 0xff;
/** Instead of a length: it does not fit a byte, and stands in the four behind. */
const wideLength = 0xfe;
/** From here on the count is no count. */
const uncounted = 0xfe;

export class ZipmapReader extends PackedReader {
  #count = 0;
  #seen = 0;
  #isValue = false;

  protected start(): void {
    const { bytes, position, end } = this;
    if (end - position < 2) this.fail("expected a zipmap, found too few bytes");
    if (bytes[end - 1] !== terminator) this.fail("expected a zipmap that ends with 255");
    this.#count = bytes[position] as number;
    this.#seen = 0;
    this.#isValue = false;
    this.position++;
    this.end = end - 1;
  }

  next(): boolean {
    if (this.position >= this.end) return this.#finish();
    const length = this.#length();
    let unused = 0;
    if (this.#isValue) {
      this.#has(1);
      unused = this.bytes[this.position++] as number;
    }
    this.#has(length + unused);
    this.takeBytes(this.position, this.position + length);
    this.position += length + unused;
    if (this.#isValue) this.#seen++;
    this.#isValue = !this.#isValue;
    return true;
  }

  #length(): number {
    const short = this.bytes[this.position] as number;
    if (short > wideLength) this.fail("expected a length, found 255");
    this.position++;
    if (short < wideLength) return short;
    this.#has(4);
    this.position += 4;
    return this.uint32(this.position - 4);
  }

  #has(bytes: number): void {
    if (this.position + bytes > this.end) this.fail("an element reaches beyond the zipmap");
  }

  #finish(): false {
    if (this.#isValue) this.fail("expected the value of the last name");
    if (this.#count < uncounted && this.#count !== this.#seen)
      this.fail(`the zipmap says ${this.#count} fields and has ${this.#seen}`);
    return false;
  }
}
