/** The one entry that a reader gives again and again. Its offsets are set before it is given. */
import type { RdbEncoding, RdbEncodingName, RdbFamily, RdbKind } from "./encodings.ts";
import type { RdbEntry } from "./items.ts";

const nothing = new Uint8Array(0);

export class CurrentEntry implements RdbEntry {
  readonly type = "entry";
  database = 0;
  kind: RdbKind = "string";
  encoding: RdbEncodingName = "string";
  typeByte = 0;
  family: RdbFamily = "redis";
  expiresAtMs: number | null = null;
  idleSeconds: number | null = null;
  frequency: number | null = null;
  metadata: Uint8Array | null = null;
  isWhole = true;
  offset = 0;
  keyBytes: Uint8Array = nothing;
  keyStart = 0;
  keyEnd = 0;
  valueBytes: Uint8Array = nothing;
  valueStart = 0;
  valueEnd = 0;
  valueOffset = 0;

  get key(): Uint8Array {
    return this.keyBytes.subarray(this.keyStart, this.keyEnd);
  }

  get value(): Uint8Array {
    return this.valueBytes.subarray(this.valueStart, this.valueEnd);
  }

  setEncoding(encoding: RdbEncoding): void {
    this.kind = encoding.kind;
    this.encoding = encoding.name;
    this.typeByte = encoding.typeByte;
  }

  /** What opcodes said of one key does not hold for the next. */
  forget(): void {
    this.expiresAtMs = null;
    this.idleSeconds = null;
    this.frequency = null;
    this.metadata = null;
  }
}
