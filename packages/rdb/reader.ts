/**
 * Reads an RDB file as it comes: `push()` takes bytes, `next()` gives the next item or null where bytes are missing,
 * `end()` says that no more will come. All of it is synchronous, and nothing is done but on these calls.
 *
 * It finds where each value ends and gives its bytes as they are; it decodes no value, expires nothing and asks for no
 * order of keys. It holds one value at a time, up to `valueBytesMax`; a longer one it gives in parts.
 *
 * Items and the bytes that they show are valid until the next `next()` or `push()`.
 *
 * Whatever is wrong is an RdbError with an offset, once and for all: every later `next()` throws it again.
 *
 *   header     nine bytes                                                      → opcode
 *   opcode     an opcode, or a type byte and a key                             → opcode, value, aside, checksum, done
 *   value      the value behind the key                                        → given, parts
 *   parts      more of a value that is too long to be given whole              → given
 *   given      the entry was given: what opcodes said of it holds no longer    → opcode
 *   aside      what a module wrote beside the keys, or with the key to come    → opcode
 *   checksum   eight bytes                                                     → done
 *
 * What follows the file's end stays unread, as `rest()`: an AOF with an RDB preamble goes on there.
 */
import { ByteWindow } from "./byte-window.ts";
import { encodingOf, type RdbFamily } from "./encodings.ts";
import { CurrentEntry } from "./entry.ts";
import { headerBytes, parseHeader } from "./header.ts";
import type { RdbItem } from "./items.ts";
import { LengthReader, malformed } from "./length.ts";
import { defaultRdbLimits, type RdbLimits } from "./limits.ts";
import { NameReader } from "./name-reader.ts";
import { lowestOpcode, Opcode } from "./opcodes.ts";
import { RdbError, type RdbErrorCode } from "./rdb-error.ts";
import { compile, programOf, type ValueProgram } from "./value-program.ts";
import { ValueWalker } from "./value-walker.ts";

type State = "header" | "opcode" | "value" | "parts" | "given" | "aside" | "checksum" | "done";

/** From this version on a file ends with a checksum. */
const oldestWithChecksum = 5;
const slots = 16_384;

/** Module, the piece that says when it was written, and the module's own pieces. */
const moduleAuxProgram = compile(["length", "length", "length", "module"]);
/** For each module a number that names it, and its pieces. */
const keyMetadataProgram = compile([{ each: [4, "module"] }]);

export class RdbReader {
  readonly #limits: RdbLimits;
  readonly #window = new ByteWindow();
  readonly #walker: ValueWalker;
  readonly #names: NameReader;
  readonly #length = new LengthReader();
  readonly #entry = new CurrentEntry();
  #state: State = "header";
  #isEnded = false;
  #failure: unknown;
  #version = 0;
  #family: RdbFamily = "redis";
  /** Where the key and the value begin, from the window's start on: that moves, and they with it. */
  #keyAt = 0;
  #keyBytes = 0;
  #valueAt = 0;
  /** The key is not as in the file, but made of it. */
  #isKeyMade = false;
  /** What is read aside is of the key to come. */
  #isMetadata = false;

  constructor(limits: RdbLimits = defaultRdbLimits) {
    this.#limits = limits;
    this.#walker = new ValueWalker(limits);
    this.#names = new NameReader(limits);
  }

  /** Copies the chunk: its buffer can be used again at once. */
  push(chunk: Uint8Array): void {
    this.#window.push(chunk);
  }

  end(): void {
    this.#isEnded = true;
  }

  /** The last item was given. */
  get isDone(): boolean {
    return this.#state === "done";
  }

  /** How far the file is read. */
  get offset(): number {
    return this.#window.base + this.#window.position;
  }

  /** What was pushed behind the file's end. */
  rest(): Uint8Array {
    return this.#window.bytes.subarray(this.#window.position, this.#window.end);
  }

  next(): RdbItem | null {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return this.#advance();
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  #advance(): RdbItem | null {
    switch (this.#state) {
      case "given":
        this.#entry.forget();
        this.#state = "opcode";
        return this.#readOpcodes();
      case "opcode":
        return this.#readOpcodes();
      case "value":
        return this.#readValue();
      case "parts":
        return this.#readPart();
      case "aside": {
        const item = this.#readAside();
        return item === undefined ? this.#readOpcodes() : item;
      }
      case "header":
        return this.#readHeader();
      case "checksum":
        return this.#readChecksum();
      case "done":
        return null;
    }
  }

  #readHeader(): RdbItem | null {
    const window = this.#window;
    const header = parseHeader(window.bytes.subarray(0, window.end));
    if (header === undefined) return this.#starve("the header");
    window.position += headerBytes;
    this.#version = header.version;
    this.#family = header.family;
    this.#entry.family = header.family;
    this.#state = "opcode";
    return { type: "header", ...header };
  }

  #readOpcodes(): RdbItem | null {
    const window = this.#window;
    for (;;) {
      window.release();
      if (window.position >= window.end) return this.#starve("the keys: expected a type or an opcode");
      const byte = window.bytes[window.position] as number;
      if (byte < lowestOpcode) return this.#beginEntry(byte);
      const item = this.#readOpcode(byte, window.position + 1);
      if (item !== undefined) return item;
    }
  }

  /** Undefined where the opcode was about the key that follows. */
  #readOpcode(opcode: number, at: number): RdbItem | null | undefined {
    switch (opcode) {
      case Opcode.expiresAtMs:
      case Opcode.expiresAtSeconds:
        return this.#readExpiry(opcode, at);
      case Opcode.idle:
      case Opcode.frequency:
        return this.#readUse(opcode, at);
      case Opcode.database:
      case Opcode.resize:
      case Opcode.slotInfo:
        return this.#readHint(opcode, at);
      case Opcode.aux:
        return this.#readAux(at);
      case Opcode.function:
        return this.#readFunction(at);
      case Opcode.moduleAux:
        return this.#beginAside(moduleAuxProgram);
      case Opcode.keyMetadataOrSlotImport:
        return this.#family === "redis" ? this.#beginAside(keyMetadataProgram) : this.#readSlotImport(at);
      case Opcode.end:
        return this.#readEnd();
      default:
        throw this.#error("unsupported", "Functions in the form of a release candidate of Redis 7.0");
    }
  }

  #readExpiry(opcode: number, at: number): null | undefined {
    const { bytes, end } = this.#window;
    const size = opcode === Opcode.expiresAtMs ? 8 : 4;
    if (at + size > end) return this.#starve("the time at which a key expires");
    const low = int32At(bytes, at);
    this.#entry.expiresAtMs = size === 4 ? low * 1000 : int32At(bytes, at + 4) * 0x1_0000_0000 + (low >>> 0);
    this.#window.position = at + size;
    return undefined;
  }

  #readUse(opcode: number, at: number): null | undefined {
    const { bytes, end } = this.#window;
    if (opcode === Opcode.idle) {
      const after = this.#readLength(at);
      if (after < 0) return this.#starve("the time for which a key was not used");
      this.#entry.idleSeconds = this.#length.value;
      this.#window.position = after;
      return undefined;
    }
    if (at >= end) return this.#starve("how often a key is used");
    this.#entry.frequency = bytes[at] as number;
    this.#window.position = at + 1;
    return undefined;
  }

  #readHint(opcode: number, at: number): RdbItem | null {
    const count = opcode === Opcode.database ? 1 : opcode === Opcode.resize ? 2 : 3;
    const numbers: number[] = [];
    let after = at;
    while (numbers.length < count) {
      after = this.#readLength(after);
      if (after < 0) return this.#starve("a number of keys, a slot's or a database's");
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
    if (between < 0) return this.#starve("the name of an auxiliary field");
    const name = this.#names.view();
    const after = this.#readName(between);
    if (after < 0) return this.#starve("the value of an auxiliary field");
    this.#window.position = after;
    return { type: "aux", name, value: this.#names.view() };
  }

  #readFunction(at: number): RdbItem | null {
    const after = this.#readName(at);
    if (after < 0) return this.#starve("a library of functions");
    this.#window.position = after;
    return { type: "function", code: this.#names.view() };
  }

  #readSlotImport(at: number): RdbItem | null {
    let after = this.#readName(at);
    if (after > 0) after = this.#readLength(after);
    if (after < 0) return this.#starve("an import of slots");
    const count = this.#length.value * 2;
    if (count > slots * 2) throw this.#error("malformed", `Expected at most ${slots} ranges of slots`);
    const ranges: number[] = [];
    while (ranges.length < count) {
      after = this.#readLength(after);
      if (after < 0) return this.#starve("an import of slots");
      ranges.push(this.#length.value);
    }
    this.#window.position = after;
    return { type: "slotImport", job: this.#names.view(), slots: ranges };
  }

  #beginEntry(typeByte: number): RdbItem | null {
    const window = this.#window;
    const encoding = encodingOf(typeByte, this.#family);
    if (encoding === undefined)
      throw this.#error("unsupported", `A value of the type ${typeByte}, which is not known,`);
    const after = this.#readName(window.position + 1);
    if (after < 0) return this.#starve("a key");
    this.#entry.setEncoding(encoding);
    this.#entry.offset = window.base + window.position;
    this.#isKeyMade = this.#names.bytes !== window.bytes;
    this.#keyAt = this.#names.start - window.start;
    this.#keyBytes = this.#names.end - this.#names.start;
    this.#valueAt = after - window.start;
    this.#entry.valueOffset = window.base + after;
    window.position = after;
    this.#walker.begin(programOf(encoding));
    this.#state = "value";
    return this.#readValue();
  }

  #readValue(): RdbItem | null {
    const window = this.#window;
    const isComplete = this.#walk();
    const valueStart = window.start + this.#valueAt;
    const known = (isComplete ? window.position : window.end) - valueStart;
    if (known <= this.#limits.valueBytesMax) {
      if (!isComplete) return this.#starve("a value");
      this.#state = "given";
      return this.#giveEntry(valueStart, window.position);
    }
    this.#state = "parts";
    return this.#giveEntry(valueStart, valueStart);
  }

  #giveEntry(valueStart: number, valueEnd: number): RdbItem {
    const entry = this.#entry;
    const window = this.#window;
    entry.isWhole = this.#state === "given";
    entry.keyBytes = this.#isKeyMade ? this.#names.bytes : window.bytes;
    entry.keyStart = this.#isKeyMade ? 0 : window.start + this.#keyAt;
    entry.keyEnd = entry.keyStart + this.#keyBytes;
    entry.valueBytes = window.bytes;
    entry.valueStart = valueStart;
    entry.valueEnd = valueEnd;
    return entry;
  }

  /** What was given is let go, and the next part begins behind it. */
  #readPart(): RdbItem | null {
    const window = this.#window;
    window.start += this.#valueAt;
    const isComplete = this.#walk();
    this.#valueAt = window.position - window.start;
    if (this.#valueAt > 0) return { type: "entryPart", bytes: window.bytes.subarray(window.start, window.position) };
    if (!isComplete) return this.#starve("a value");
    this.#state = "given";
    return { type: "entryEnd" };
  }

  #beginAside(program: ValueProgram): RdbItem | null | undefined {
    this.#window.position++;
    this.#isMetadata = program === keyMetadataProgram;
    this.#walker.begin(program);
    this.#state = "aside";
    return this.#readAside();
  }

  #readAside(): RdbItem | null | undefined {
    const window = this.#window;
    const isComplete = this.#walk();
    const start = window.start + 1;
    if ((isComplete ? window.position : window.end) - start > this.#limits.nameBytesMax)
      throw this.#error("over-limit", `More than ${this.#limits.nameBytesMax} bytes of a module (nameBytesMax)`);
    if (!isComplete) return this.#starve("what a module wrote");
    this.#state = "opcode";
    if (!this.#isMetadata) return { type: "moduleAux", value: window.bytes.subarray(start, window.position) };
    this.#entry.metadata = window.bytes.slice(start, window.position);
    return undefined;
  }

  #walk(): boolean {
    const window = this.#window;
    const isComplete = this.#walker.walk(window.bytes, window.position, window.end, window.base);
    window.position = this.#walker.position;
    return isComplete;
  }

  #readEnd(): RdbItem | null {
    this.#window.position++;
    this.#window.release();
    if (this.#version >= oldestWithChecksum) {
      this.#state = "checksum";
      return this.#readChecksum();
    }
    this.#state = "done";
    return { type: "end", checksum: "absent" };
  }

  #readChecksum(): RdbItem | null {
    const window = this.#window;
    const at = window.position;
    if (at + 8 > window.end) return this.#starve("the checksum");
    const isAbsent = window.bytes.subarray(at, at + 8).every((byte) => byte === 0);
    if (!isAbsent && !window.checksum().equals(window.bytes, at))
      throw this.#error("checksum", "The checksum is not that of the bytes before it");
    window.position += 8;
    window.release();
    this.#state = "done";
    return { type: "end", checksum: isAbsent ? "absent" : "verified" };
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

  #starve(within: string): null {
    if (!this.#isEnded) return null;
    throw new RdbError("truncated", this.#window.base + this.#window.end, `The bytes end within ${within},`);
  }

  #error(code: RdbErrorCode, what: string): RdbError {
    return new RdbError(code, this.#window.base + this.#window.position, what);
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
