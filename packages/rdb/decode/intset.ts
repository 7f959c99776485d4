/**
 * Sets of integers: the width of each (2, 4 or 8), how many, and all of them in order, least significant byte first.
 *
 * Source: src/intset.c of Redis 7.
 */
import { PackedReader } from "./packed.ts";
import { signedAt } from "./value-cursor.ts";

const headerBytes = 8;

export class IntsetReader extends PackedReader {
  #width = 0;

  protected start(): void {
    const { position, end } = this;
    if (end - position < headerBytes) this.fail("expected an intset, found too few bytes");
    this.#width = this.uint32(position);
    if (this.#width !== 2 && this.#width !== 4 && this.#width !== 8)
      this.fail(`expected an intset, found integers of ${this.#width} bytes`);
    const count = this.uint32(position + 4);
    if (count * this.#width !== end - position - headerBytes)
      this.fail(`the intset says ${count} integers and has ${end - position - headerBytes} bytes for them`);
    this.position += headerBytes;
  }

  next(): boolean {
    if (this.position >= this.end) return false;
    if (this.#width === 8) this.takeInteger64(this.position);
    else this.takeInteger(signedAt(this.bytes, this.position, this.#width));
    this.position += this.#width;
    return true;
  }
}
