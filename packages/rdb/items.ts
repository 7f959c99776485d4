/**
 * What the reader gives, in the order of the file.
 *
 * An entry is the reader's own object, given again and again with other contents, and the bytes that items show are
 * the reader's: all valid until the next call of `next()` or `push()`. What is to stay must be copied.
 */
import type { RdbEncodingName, RdbFamily, RdbKind } from "./encodings.ts";

export type RdbItem =
  | RdbHeader
  | RdbAux
  | RdbModuleAux
  | RdbFunction
  | RdbDatabase
  | RdbResize
  | RdbSlotInfo
  | RdbSlotImport
  | RdbEntry
  | RdbEntryPart
  | RdbEntryEnd
  | RdbEnd;

/** Always the first. */
export interface RdbHeader {
  readonly type: "header";
  version: number;
  family: RdbFamily;
}

/** What the engine says of itself and of the file. Names that are not known are to be ignored. */
export interface RdbAux {
  readonly type: "aux";
  name: Uint8Array;
  value: Uint8Array;
}

/** What a module keeps beside the keys: the bytes behind the opcode, as in the file. */
export interface RdbModuleAux {
  readonly type: "moduleAux";
  value: Uint8Array;
}

/** The source of a library of functions, decompressed. */
export interface RdbFunction {
  readonly type: "function";
  code: Uint8Array;
}

/** The entries that follow are of this database. */
export interface RdbDatabase {
  readonly type: "database";
  index: number;
}

/** How many keys the database has, and how many of them expire. A hint: the engines believe it only for sizes. */
export interface RdbResize {
  readonly type: "resize";
  keys: number;
  expires: number;
}

/** The entries that follow are of this slot, of a cluster's node. */
export interface RdbSlotInfo {
  readonly type: "slotInfo";
  slot: number;
  keys: number;
  expires: number;
}

/** A migration of slots into the node was under way: what follows may hold half of a slot. */
export interface RdbSlotImport {
  readonly type: "slotImport";
  job: Uint8Array;
  /** First and last slot of each range, alternating. */
  slots: readonly number[];
}

/**
 * A key and its value. With `isWhole` the value is there; else it follows in parts, and `value` is empty.
 *
 * `key` and `value` make a view at each call, which costs more than finding where a small value ends. What handles
 * millions takes bytes and offsets.
 */
export interface RdbEntry {
  readonly type: "entry";
  readonly database: number;
  readonly kind: RdbKind;
  readonly encoding: RdbEncodingName;
  readonly typeByte: number;
  readonly family: RdbFamily;
  /** Milliseconds since 1970. May be in the past. */
  readonly expiresAtMs: number | null;
  readonly idleSeconds: number | null;
  readonly frequency: number | null;
  readonly isWhole: boolean;
  /** The offset of the type byte in the file. */
  readonly offset: number;
  /** Metadata of modules that is stored with the key, as in the file behind its opcode; null without. */
  readonly metadata: Uint8Array | null;
  readonly key: Uint8Array;
  /** The bytes behind the key, as in the file. */
  readonly value: Uint8Array;
  readonly keyBytes: Uint8Array;
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueBytes: Uint8Array;
  readonly valueStart: number;
  readonly valueEnd: number;
  /** The offset of the value's first byte in the file. */
  readonly valueOffset: number;
}

/**
 * The next bytes of a long value. A part ends where a piece of the encoding's shape ends (a length, a string, a
 * number), never within one; but a string that is longer than `valueBytesMax` is cut anywhere.
 */
export interface RdbEntryPart {
  readonly type: "entryPart";
  bytes: Uint8Array;
}

/** The long value is complete. */
export interface RdbEntryEnd {
  readonly type: "entryEnd";
}

/** Always the last. The checksum is absent in versions below 5 and where the engine was told to write none. */
export interface RdbEnd {
  readonly type: "end";
  checksum: "verified" | "absent";
}
