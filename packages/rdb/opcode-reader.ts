/**
 * The opcodes that are read at once, when all of their bytes are there: what is known of the key that follows, hints,
 * fields and libraries. The window's position moves behind an opcode when it was read, and not before.
 */
import type { ByteWindow } from "./byte-window.ts";
import type { CurrentEntry } from "./entry.ts";
import type { RdbItem } from "./items.ts";
import { LengthReader, malformed } from "./length.ts";
import type { NameReader } from "./name-reader.ts";
import { Opcode } from "./opcodes.ts";
import { RdbError } from "./rdb-error.ts";

const slots = 16_384;

export class OpcodeReader {
  readonly #window: ByteWindow;
  readonly #names: NameReader;
  readonly #entry: CurrentEntry;
  readonly #length = new LengthReader();

  constructor(window: ByteWindow, names: NameReader, entry: CurrentEntry) {
    this.#window = window;
    this.#names = names;
    this.#entry = entry;
  }

  /** At the window's position. Null where bytes are missing; undefined where the opcode is about the key that follows. */
  read(opcode: number): RdbItem | null | undefined {
    const at = this.#window.position + 1;
    switch (opcode) {
      case Opcode.expiresAtMs:
      case Opcode.expiresAtSeconds:
        return this.#readExpiry(opcode, at);
      case Opcode.idle:
      case Opcode.frequency:
        return this.#readUse(opcode, at);
      case Opcode.enterpriseUse:
      case Opcode.enterpriseSlot:
        return this.#passNumber(at);
      case Opcode.database:
      case Opcode.resize:
      case Opcode.slotInfo:
        return this.#readHint(opcode, at);
      case Opcode.aux:
        return this.#readAux(at);
      case Opcode.function:
        return this.#readFunction(at);
      case Opcode.keyMetadataOrSlotImport:
        return this.#readSlotImport(at);
      default:
        throw this.#window.error("unsupported", "Functions in the form of a release candidate of Redis 7.0");
    }
  }

  #readExpiry(opcode: number, at: number): null | undefined {
    const { bytes, end } = this.#window;
    const size = opcode === Opcode.expiresAtMs ? 8 : 4;
    if (at + size > end) return this.#window.wantMore("the time at which a key expires");
    const low = int32At(bytes, at);
    this.#entry.expiresAtMs = size === 4 ? low * 1000 : int32At(bytes, at + 4) * 0x1_0000_0000 + (low >>> 0);
    this.#window.position = at + size;
    return undefined;
  }

  #readUse(opcode: number, at: number): null | undefined {
    const { bytes, end } = this.#window;
    if (opcode === Opcode.idle) {
      const after = this.#readLength(at);
      if (after < 0) return this.#window.wantMore("the time for which a key was not used");
      this.#entry.idleSeconds = this.#length.value;
      this.#window.position = after;
      return undefined;
    }
    if (at >= end) return this.#window.wantMore("how often a key is used");
    this.#entry.frequency = bytes[at] as number;
    this.#window.position = at + 1;
    return undefined;
  }

  #passNumber(at: number): null | undefined {
    const after = this.#readLength(at);
    if (after < 0) return this.#window.wantMore("a number that Redis Enterprise keeps with a key");
    this.#window.position = after;
    return undefined;
  }

  #readHint(opcode: number, at: number): RdbItem | null {
    const count = opcode === Opcode.database ? 1 : opcode === Opcode.resize ? 2 : 3;
    const numbers: number[] = [];
    let after = at;
    while (numbers.length < count) {
      after = this.#readLength(after);
      if (after < 0) return this.#window.wantMore("a number of keys, a slot's or a database's");
      numbers.push(this.#length.value);
    }
    this.#window.position = after;
    const [first = 0, second = 0, third = 0] = numbers;
    if (opcode === Opcode.resize) return { type: "resize", keys: first, expires: second };
    if (opcode === Opcode.slotInfo) return { type: "slotInfo", slot: first, keys: second, expires: third };
    this.#entry.database = first;
    return { type: "database", index: first };
  }

  #readAux(at: number): RdbItem | null {
    const between = this.#readName(at);
    if (between < 0) return this.#window.wantMore("the name of an auxiliary field");
    const name = this.#names.view();
    const after = this.#readName(between);
    if (after < 0) return this.#window.wantMore("the value of an auxiliary field");
    this.#window.position = after;
    return { type: "aux", name, value: this.#names.view() };
  }

  #readFunction(at: number): RdbItem | null {
    const after = this.#readName(at);
    if (after < 0) return this.#window.wantMore("a library of functions");
    this.#window.position = after;
    return { type: "function", code: this.#names.view() };
  }

  #readSlotImport(at: number): RdbItem | null {
    let after = this.#readName(at);
    if (after > 0) after = this.#readLength(after);
    if (after < 0) return this.#window.wantMore("an import of slots");
    const count = this.#length.value * 2;
    if (count > slots * 2) throw this.#window.error("malformed", `Expected at most ${slots} ranges of slots`);
    const ranges: number[] = [];
    while (ranges.length < count) {
      after = this.#readLength(after);
      if (after < 0) return this.#window.wantMore("an import of slots");
      ranges.push(this.#length.value);
    }
    this.#window.position = after;
    return { type: "slotImport", job: this.#names.view(), slots: ranges };
  }

  #readName(at: number): number {
    const window = this.#window;
    return this.#names.read(window.bytes, at, window.end, window.base);
  }

  /** The position behind the length, or -1 if it is not all there. */
  #readLength(at: number): number {
    const window = this.#window;
    const after = this.#length.read(window.bytes, at, window.end);
    if (after === malformed || (after > 0 && this.#length.isForm))
      throw new RdbError("malformed", window.base + at, "Expected a length, found another byte");
    return after;
  }
}

function int32At(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
