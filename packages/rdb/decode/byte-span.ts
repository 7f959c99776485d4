/**
 * Bytes within a larger buffer: an element of a value as the decoder shows it. Spans are the decoder's own objects,
 * given again and again with other contents; what is to outlive a call must be copied.
 *
 * Bounds and not a view, because a view costs more than all else that decoding a small element does.
 */
const nothing = new Uint8Array(0);
/** Sign and digits of any number of 64 bits. */
const integerTextMax = 20;
const zero = 48;
const minus = 45;

export class ByteSpan {
  bytes: Uint8Array = nothing;
  start = 0;
  end = 0;
  /** Made when first needed; holds integers as text. */
  #digits: Uint8Array = nothing;

  get length(): number {
    return this.end - this.start;
  }

  set(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
  }

  /** Becomes the digits of a whole number, of at most 2^53 in size. */
  setInteger(value: number): void {
    if (this.#digits.length === 0) this.#digits = new Uint8Array(integerTextMax);
    const digits = this.#digits;
    let rest = Math.abs(value);
    let at = integerTextMax;
    do {
      const tenth = Math.floor(rest / 10);
      digits[--at] = zero + (rest - tenth * 10);
      rest = tenth;
    } while (rest > 0);
    if (value < 0) digits[--at] = minus;
    this.set(digits, at, integerTextMax);
  }

  setText(text: string): void {
    const bytes = Buffer.from(text, "latin1");
    this.set(bytes, 0, bytes.length);
  }

  view(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }

  copy(): Uint8Array {
    return this.bytes.slice(this.start, this.end);
  }

  /** One character a byte: for numbers as text, and for tests. */
  latin1(): string {
    let text = "";
    for (let at = this.start; at < this.end; at++) text += String.fromCharCode(this.bytes[at] as number);
    return text;
  }
}
