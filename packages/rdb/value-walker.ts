/**
 * Finds where a value ends, without decoding it and without holding it: it goes over the bytes that are there, stops
 * where a piece is incomplete and goes on when more have come. Nothing is allocated by what the file promises, and no
 * byte of a complete piece is looked at twice.
 *
 * It stops before an incomplete string, so that what lies before its position is whole pieces; only a string that is
 * longer than `valueBytesMax` it enters.
 */
import { incomplete, LengthReader, malformed, stringForm } from "./length.ts";
import type { RdbLimits } from "./limits.ts";
import { canExpandTo } from "./lzf.ts";
import { RdbError } from "./rdb-error.ts";
import { Step, type ValueProgram } from "./value-program.ts";

/** Shapes nest less deep than this. */
const depthMax = 4;

const modulePiece = { end: 0, signed: 1, unsigned: 2, float: 3, double: 4, string: 5 } as const;

export class ValueWalker {
  /** Where it stopped, in the bytes that it was given last. */
  position = 0;
  readonly #limits: RdbLimits;
  readonly #length = new LengthReader();
  readonly #remaining = new Float64Array(depthMax);
  #program: ValueProgram = [];
  #step = 0;
  #depth = -1;
  /** Strings that are still to come of the step. */
  #stringsLeft = -1;
  /** What is still to come of a string that was entered. */
  #bytesLeft = 0;
  #base = 0;

  constructor(limits: RdbLimits) {
    this.#limits = limits;
  }

  /** Stopped within a string that is longer than `valueBytesMax`; so the value is longer, too. */
  get isInLongString(): boolean {
    return this.#bytesLeft > 0;
  }

  begin(program: ValueProgram): void {
    this.#program = program;
    this.#step = 0;
    this.#depth = -1;
    this.#stringsLeft = -1;
    this.#bytesLeft = 0;
  }

  /** Whether the value ends within `bytes`, before `end`. `base` is the file's offset of their first, for errors. */
  walk(bytes: Uint8Array, start: number, end: number, base: number): boolean {
    this.#base = base;
    this.position = start;
    const program = this.#program;
    for (;;) {
      if (this.#bytesLeft > 0 && !this.#passString(end)) return false;
      const operand = program[this.#step + 1] as number;
      switch (program[this.#step]) {
        case Step.end:
          return true;
        case Step.length:
          if (!this.#passLength(bytes, end)) return false;
          break;
        case Step.string:
          if (!this.#passStringStep(bytes, end)) return false;
          break;
        case Step.bytes:
          if (this.position + operand > end) return false;
          this.position += operand;
          break;
        case Step.score:
          if (!this.#passScore(bytes, end)) return false;
          break;
        case Step.each:
          if (!this.#passLength(bytes, end)) return false;
          if (this.#length.value === 0) {
            this.#step = operand;
            continue;
          }
          this.#remaining[++this.#depth] = this.#length.value;
          break;
        case Step.again: {
          const left = (this.#remaining[this.#depth] as number) - 1;
          this.#remaining[this.#depth] = left;
          if (left > 0) {
            this.#step = operand;
            continue;
          }
          this.#depth--;
          break;
        }
        case Step.strings:
          if (!this.#passStrings(bytes, end, operand)) return false;
          break;
        default:
          if (!this.#passModule(bytes, end)) return false;
      }
      this.#step += 2;
    }
  }

  #passString(end: number): boolean {
    const count = Math.min(this.#bytesLeft, end - this.position);
    this.position += count;
    this.#bytesLeft -= count;
    return this.#bytesLeft === 0;
  }

  #passLength(bytes: Uint8Array, end: number): boolean {
    const after = this.#length.read(bytes, this.position, end);
    if (after < 0 || this.#length.isForm) return this.#refuse(after, "a length");
    this.position = after;
    return true;
  }

  #passStringStep(bytes: Uint8Array, end: number): boolean {
    const first = this.position < end ? (bytes[this.position] as number) : 0;
    if (first < 0x40 && this.position + 1 + first <= end && this.position < end) {
      this.position += 1 + first;
      return true;
    }
    return this.#enterString(bytes, end);
  }

  /** Over the whole of a string, or into it if it is longer than a part may be. */
  #enterString(bytes: Uint8Array, end: number): boolean {
    const at = this.position;
    let after = this.#length.read(bytes, at, end);
    if (after < 0) return this.#refuse(after, "a string");
    let count = this.#length.value;
    if (this.#length.isForm) {
      if (count > stringForm.lzf) return this.#refuse(malformed, "a string");
      if (count < stringForm.lzf) count = 1 << count;
      else {
        after = this.#lzfHeader(bytes, after, end);
        if (after < 0) return this.#refuse(after, "a compressed string");
        count = this.#length.value;
      }
    }
    if (count > this.#limits.stringBytesMax) this.#refuseLong(count);
    if (after + count <= end) {
      this.position = after + count;
      return true;
    }
    if (count <= this.#limits.valueBytesMax) return false;
    this.position = after;
    this.#bytesLeft = count;
    return true;
  }

  /** Leaves the number of compressed bytes in the length. */
  #lzfHeader(bytes: Uint8Array, at: number, end: number): number {
    const between = this.#length.read(bytes, at, end);
    if (between < 0 || this.#length.isForm) return between < 0 ? between : malformed;
    const compressed = this.#length.value;
    const after = this.#length.read(bytes, between, end);
    if (after < 0 || this.#length.isForm) return after < 0 ? after : malformed;
    if (this.#length.value > this.#limits.stringBytesMax) this.#refuseLong(this.#length.value);
    if (!canExpandTo(compressed, this.#length.value)) return malformed;
    this.#length.value = compressed;
    return after;
  }

  #passStrings(bytes: Uint8Array, end: number, perElement: number): boolean {
    if (this.#stringsLeft < 0) {
      if (!this.#passLength(bytes, end)) return false;
      this.#stringsLeft = this.#length.value * perElement;
    }
    let left = this.#stringsLeft;
    let at = this.position;
    while (left > 0) {
      const first = at < end ? (bytes[at] as number) : 0xff;
      if (first < 0x40 && at + 1 + first <= end) {
        at += 1 + first;
      } else {
        this.position = at;
        if (!this.#enterString(bytes, end)) {
          this.#stringsLeft = left;
          return false;
        }
        if (this.#bytesLeft > 0 && !this.#passString(end)) {
          this.#stringsLeft = left - 1;
          return false;
        }
        at = this.position;
      }
      left--;
    }
    this.position = at;
    this.#stringsLeft = -1;
    return true;
  }

  #passScore(bytes: Uint8Array, end: number): boolean {
    if (this.position >= end) return false;
    const first = bytes[this.position] as number;
    const count = first >= 253 ? 1 : 1 + first;
    if (this.position + count > end) return false;
    this.position += count;
    return true;
  }

  #passModule(bytes: Uint8Array, end: number): boolean {
    for (;;) {
      if (this.#bytesLeft > 0 && !this.#passString(end)) return false;
      const before = this.position;
      if (!this.#passLength(bytes, end)) return false;
      const kind = this.#length.value;
      if (kind === modulePiece.end) return true;
      if (!this.#passModulePiece(bytes, end, kind)) {
        this.position = before;
        return false;
      }
    }
  }

  #passModulePiece(bytes: Uint8Array, end: number, kind: number): boolean {
    switch (kind) {
      case modulePiece.signed:
      case modulePiece.unsigned:
        return this.#passLength(bytes, end);
      case modulePiece.float:
      case modulePiece.double: {
        const count = kind === modulePiece.float ? 4 : 8;
        if (this.position + count > end) return false;
        this.position += count;
        return true;
      }
      case modulePiece.string:
        return this.#enterString(bytes, end);
      default:
        throw new RdbError("malformed", this.#base + this.position, "Expected a piece of a module's value");
    }
  }

  #refuse(reason: number, expected: string): false {
    if (reason === incomplete) return false;
    throw new RdbError("malformed", this.#base + this.position, `Expected ${expected}, found another byte`);
  }

  #refuseLong(count: number): never {
    const message = `A string of ${count} bytes, over the limit of ${this.#limits.stringBytesMax} (stringBytesMax),`;
    throw new RdbError("over-limit", this.#base + this.position, message);
  }
}
