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
import { defaultRdbLimits, type RdbLimits } from "./limits.ts";
import { NameReader } from "./name-reader.ts";
import { OpcodeReader } from "./opcode-reader.ts";
import { isOpcode, Opcode } from "./opcodes.ts";
import { compile, programOf, type ValueProgram } from "./value-program.ts";
import { ValueWalker } from "./value-walker.ts";

type State = "header" | "opcode" | "value" | "parts" | "given" | "aside" | "checksum" | "done";

/** From this version on a file ends with a checksum. */
const oldestWithChecksum = 5;

/** Module, the piece that says when it was written, and the module's own pieces. */
const moduleAuxProgram = compile(["length", "length", "length", "module"]);
/** For each module a number that names it, and its pieces. */
const keyMetadataProgram = compile([{ each: [4, "module"] }]);

export class RdbReader {
  readonly #limits: RdbLimits;
  readonly #window = new ByteWindow();
  readonly #walker: ValueWalker;
  readonly #names: NameReader;
  readonly #opcodes: OpcodeReader;
  readonly #entry = new CurrentEntry();
  #state: State = "header";
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
    this.#opcodes = new OpcodeReader(this.#window, this.#names, this.#entry);
  }

  /** Copies the chunk: its buffer can be used again at once. */
  push(chunk: Uint8Array): void {
    this.#window.push(chunk);
  }

  end(): void {
    this.#window.isEnded = true;
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
    if (header === undefined) return this.#window.wantMore("the header");
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
      if (window.position >= window.end) return this.#window.wantMore("the keys: expected a type or an opcode");
      const byte = window.bytes[window.position] as number;
      if (!isOpcode(byte)) return this.#beginEntry(byte);
      const item = this.#readOpcode(byte);
      if (item !== undefined) return item;
    }
  }

  /** Undefined where the opcode was about the key that follows. */
  #readOpcode(opcode: number): RdbItem | null | undefined {
    switch (opcode) {
      case Opcode.moduleAux:
        return this.#beginAside(moduleAuxProgram);
      case Opcode.keyMetadataOrSlotImport:
        if (this.#family === "redis") return this.#beginAside(keyMetadataProgram);
        return this.#opcodes.read(opcode);
      case Opcode.end:
        return this.#readEnd();
      default:
        return this.#opcodes.read(opcode);
    }
  }

  #beginEntry(typeByte: number): RdbItem | null {
    const window = this.#window;
    const encoding = encodingOf(typeByte, this.#family);
    if (encoding === undefined)
      throw this.#window.error("unsupported", `A value of the type ${typeByte}, which is not known,`);
    const after = this.#names.read(window.bytes, window.position + 1, window.end, window.base);
    if (after < 0) return this.#window.wantMore("a key");
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
    if (known <= this.#limits.valueBytesMax && !this.#walker.isInLongString) {
      if (!isComplete) return this.#window.wantMore("a value");
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
    if (!isComplete) return this.#window.wantMore("a value");
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
      throw this.#window.error("over-limit", `More than ${this.#limits.nameBytesMax} bytes of a module (nameBytesMax)`);
    if (!isComplete) return this.#window.wantMore("what a module wrote");
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
    if (at + 8 > window.end) return this.#window.wantMore("the checksum");
    const isAbsent = window.bytes.subarray(at, at + 8).every((byte) => byte === 0);
    if (!isAbsent && !window.checksum().equals(window.bytes, at))
      throw this.#window.error("checksum", "The checksum is not that of the bytes before it");
    window.position += 8;
    window.release();
    this.#state = "done";
    return { type: "end", checksum: isAbsent ? "absent" : "verified" };
  }
}
