/**
 * What the forms that pack many elements into one string have in common: bounds that the bytes must keep, errors that
 * name the offset, and an element at a time, as text or as an integer.
 *
 * Where the string was compressed, errors name where it begins in the file, as its insides have no offset there.
 */
import { RdbError } from "../rdb-error.ts";
import { ByteSpan } from "./byte-span.ts";

export abstract class PackedReader {
  protected bytes: Uint8Array = new Uint8Array(0);
  protected position = 0;
  protected end = 0;
  /** The last element: its bytes, unless it is an integer. */
  readonly element = new ByteSpan();
  isInteger = false;
  /** Exact up to 2^53. */
  integer = 0;
  /** Set as well where the integer is beyond that. */
  bigInteger: bigint | null = null;
  #offset = 0;
  #start = 0;
  #isCompressed = false;

  /** `offset` is that of the string in the file. */
  open(packed: ByteSpan, offset: number, isCompressed: boolean): void {
    this.bytes = packed.bytes;
    this.position = packed.start;
    this.end = packed.end;
    this.#start = packed.start;
    this.#offset = offset;
    this.#isCompressed = isCompressed;
    this.start();
  }

  /** False behind the last element; then it was checked that nothing follows. */
  abstract next(): boolean;

  protected abstract start(): void;

  /** The next element, which must be there, as text. */
  text(into: ByteSpan, what: string): void {
    this.expectNext(what);
    this.show(into);
  }

  /** Makes the span show the last element. */
  show(into: ByteSpan): void {
    if (!this.isInteger) into.set(this.element.bytes, this.element.start, this.element.end);
    else if (this.bigInteger === null) into.setInteger(this.integer);
    else into.setText(this.bigInteger.toString());
  }

  expectNext(what: string): void {
    if (!this.next()) this.fail(`expected ${what}, found the end`);
  }

  fail(what: string): never {
    const within = this.#isCompressed ? 0 : this.position - this.#start;
    throw new RdbError("malformed", this.#offset + within, what);
  }

  protected takeInteger(value: number): void {
    this.isInteger = true;
    this.integer = value;
    this.bigInteger = null;
  }

  protected takeInteger64(at: number): void {
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + at, 8);
    const value = view.getBigInt64(0, true);
    this.isInteger = true;
    this.integer = Number(value);
    this.bigInteger = Number.isSafeInteger(this.integer) ? null : value;
  }

  protected takeBytes(start: number, end: number): void {
    this.isInteger = false;
    this.element.set(this.bytes, start, end);
  }

  protected uint32(at: number): number {
    const bytes = this.bytes;
    return (
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24)) >>>
      0
    );
  }
}
