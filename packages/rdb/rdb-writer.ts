/**
 * Writes an RDB file of a chosen version as a stream: call what the file is to contain, in its order, and `take()` the
 * bytes as often as the caller can write them on. Nothing is done by itself; what was not taken is held.
 *
 *   header → aux … → function … → per database: selectDatabase → resize → entries → end
 *
 * A value goes in as it is where the version has its encoding, and else in an older one. What that loses is counted.
 * An entry in parts: `beginEntry`, `part` for each, `endEntry`.
 *
 * When an entry throws, what was written of it is withdrawn, and the file can go on with the next: but only a whole
 * one, as parts may have been taken.
 *
 * Metadata that modules keep with keys and slots of a cluster's node are not written.
 */
import { ValueDecoder } from "./decode/value-decoder.ts";
import { ByteWriter } from "./encode/byte-writer.ts";
import { Reencoder } from "./encode/reencoder.ts";
import { encodingOf, type RdbEncodingName } from "./encodings.ts";
import type { RdbEntry } from "./items.ts";
import { defaultRdbLimits, type RdbLimits } from "./limits.ts";
import { hasFieldExpiry, isInVersion } from "./loadability.ts";
import { Opcode } from "./opcodes.ts";
import { RdbError } from "./rdb-error.ts";

/** 9: Redis 5 to 6.2. 10: Redis 7.0. 11: Redis 7.2, Valkey 7.2 and 8. 12: Redis 7.4 to 8.4. 80: Valkey 9. */
export type WrittenRdbVersion = 9 | 10 | 11 | 12 | 80;

export interface RdbWriterOptions {
  readonly version: WrittenRdbVersion;
  /** Where the version knows no expiry of fields: to refuse the value (the default), or to let its fields stay. */
  readonly onFieldExpiry?: "refuse" | "drop";
  readonly limits?: RdbLimits;
}

export interface WriterLosses {
  /** Fields that stay for good. */
  fieldExpiries: number;
  /** Streams without their counters of entries added and read, or without what else their encoding had. */
  streams: number;
  /** Libraries of functions, in versions before 10. */
  functions: number;
}

const firstWithFunctions = 10;
const firstValkeyVersion = 80;

export class RdbWriter {
  readonly losses: WriterLosses = { fieldExpiries: 0, streams: 0, functions: 0 };
  readonly #version: WrittenRdbVersion;
  readonly #dropsFieldExpiry: boolean;
  readonly #writer = new ByteWriter();
  readonly #reencoder: Reencoder;
  readonly #decoder: ValueDecoder;
  #isReencoding = false;
  #hasCount = false;

  constructor({ version, onFieldExpiry, limits }: RdbWriterOptions) {
    this.#version = version;
    this.#dropsFieldExpiry = onFieldExpiry === "drop";
    const fieldExpiry = version >= firstValkeyVersion ? "behind" : version >= 12 ? "before" : "none";
    const streamVersion = version >= 11 ? 3 : version === 10 ? 2 : 1;
    this.#reencoder = new Reencoder(this.#writer, { fieldExpiry, streamVersion });
    this.#decoder = new ValueDecoder(this.#reencoder, limits ?? defaultRdbLimits);
  }

  /** How much waits to be taken. */
  get bytesWaiting(): number {
    return this.#writer.length;
  }

  /** What was written since the last time, the caller's own; empty if nothing was. */
  take(): Uint8Array {
    return this.#writer.take();
  }

  header(): void {
    const magic = this.#version >= firstValkeyVersion ? "VALKEY" : "REDIS";
    const digits = String(this.#version).padStart(9 - magic.length, "0");
    this.#writer.raw(Buffer.from(magic + digits, "latin1"));
  }

  aux(name: string, value: string): void {
    this.#writer.byte(Opcode.aux);
    this.#writer.string(Buffer.from(name));
    this.#writer.string(Buffer.from(value));
  }

  function(code: Uint8Array): void {
    if (this.#version < firstWithFunctions) {
      this.losses.functions++;
      return;
    }
    this.#writer.byte(Opcode.function);
    this.#writer.string(code);
  }

  selectDatabase(index: number): void {
    this.#writer.byte(Opcode.database);
    this.#writer.count(index);
  }

  /** A hint that saves the engine from growing its tables as it loads. */
  resize(keys: number, expires: number): void {
    this.#writer.byte(Opcode.resize);
    this.#writer.count(keys);
    this.#writer.count(expires);
  }

  /** A whole entry. Its bytes are read before this returns. */
  entry(entry: RdbEntry): void {
    const before = this.#writer.length;
    try {
      this.beginEntry(entry);
      if (this.#isReencoding) this.#reencode(entry.value);
      else this.#writer.raw(entry.valueBytes, entry.valueStart, entry.valueEnd);
      this.endEntry();
    } catch (error) {
      this.#writer.cutTo(before);
      throw error;
    }
  }

  beginEntry(entry: RdbEntry): void {
    const typeByte = this.#typeByteFor(entry);
    this.#isReencoding = typeByte !== null;
    this.#hasCount = false;
    this.#lifetime(entry);
    this.#writer.byte(typeByte ?? entry.typeByte);
    this.#writer.string(entry.keyBytes, entry.keyStart, entry.keyEnd);
    if (this.#isReencoding) this.#decoder.begin(entry.encoding, entry.valueOffset);
  }

  part(bytes: Uint8Array): void {
    if (this.#isReencoding) this.#reencode(bytes);
    else this.#writer.raw(bytes);
  }

  endEntry(): void {
    if (!this.#isReencoding) return;
    this.#decoder.end();
    this.#decode();
    this.#reencoder.finish();
    this.losses.fieldExpiries += this.#reencoder.takeLostFieldExpiries();
  }

  end(): void {
    this.#writer.byte(Opcode.end);
    this.#writer.checksum();
  }

  #reencode(bytes: Uint8Array): void {
    this.#decoder.push(bytes);
    this.#decode();
  }

  #decode(): void {
    while (this.#decoder.step()) {
      if (this.#hasCount) this.#reencoder.endStep();
      else this.#reencoder.start(this.#decoder.elementsLeft);
      this.#hasCount = true;
    }
  }

  #lifetime(entry: RdbEntry): void {
    if (entry.expiresAtMs !== null) {
      this.#writer.byte(Opcode.expiresAtMs);
      this.#writer.milliseconds(entry.expiresAtMs);
    }
    if (entry.idleSeconds !== null) {
      this.#writer.byte(Opcode.idle);
      this.#writer.count(entry.idleSeconds);
    }
    if (entry.frequency !== null) {
      this.#writer.byte(Opcode.frequency);
      this.#writer.byte(entry.frequency);
    }
  }

  /** Null where the value can go in as it is. */
  #typeByteFor(entry: RdbEntry): number | null {
    if (isInVersion(entry.encoding, this.#version)) return null;
    if (entry.kind === "stream") {
      this.losses.streams++;
      return this.#typeByteOf(
        this.#version >= 11 ? "stream-listpacks-3" : this.#version === 10 ? "stream-listpacks-2" : "stream-listpacks",
      );
    }
    if (entry.kind === "list") return this.#typeByteOf("list-quicklist");
    if (entry.kind === "set") return this.#typeByteOf("set");
    if (entry.kind === "zset") return this.#typeByteOf("zset-2");
    if (entry.kind === "hash") return this.#hashTypeByte(entry);
    throw new RdbError("unsupported", entry.offset, `RDB ${this.#version} has no ${entry.encoding}`);
  }

  #hashTypeByte({ encoding, offset }: RdbEntry): number {
    if (!hasFieldExpiry(encoding) && this.#version < 12) return this.#typeByteOf("hash");
    if (this.#version >= firstValkeyVersion) return this.#typeByteOf("hash-2");
    if (this.#version >= 12) return this.#typeByteOf("hash-metadata-pre-ga");
    if (this.#dropsFieldExpiry) return this.#typeByteOf("hash");
    throw new RdbError("unsupported", offset, `RDB ${this.#version} knows no expiry of fields: a hash that has it`);
  }

  #typeByteOf(name: RdbEncodingName): number {
    const family = this.#version >= firstValkeyVersion ? "valkey" : "redis";
    for (let typeByte = 0; typeByte < 32; typeByte++) if (encodingOf(typeByte, family)?.name === name) return typeByte;
    throw new Error(`${name} is no encoding of ${family}`);
  }
}
