/**
 * What was wrong, and where. The offset counts from the first byte of what was pushed, so for a file it is the offset
 * in the file; the message names it too, and what was expected there.
 */
export type RdbErrorCode =
  /** The first bytes are not those of an RDB file. */
  | "not-an-rdb"
  /** An RDB of a version that this reader does not know. */
  | "unsupported-version"
  /** A type or opcode that this reader does not know, or that no release of an engine ever wrote. */
  | "unsupported"
  /** The bytes end before the file does. */
  | "truncated"
  /** The bytes contradict the format. */
  | "malformed"
  /** The bytes may be right, but promise more than the limits allow. */
  | "over-limit"
  /** Everything could be read, but its checksum is another. */
  | "checksum"
  /** Bytes after the end of the file. */
  | "trailing-bytes";

export class RdbError extends Error {
  override readonly name = "RdbError";
  readonly code: RdbErrorCode;
  readonly offset: number;

  constructor(code: RdbErrorCode, offset: number, what: string) {
    super(`${what} at offset ${offset}`);
    this.code = code;
    this.offset = offset;
  }
}
