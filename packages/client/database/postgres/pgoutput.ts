/**
 * Messages of the output plugin `pgoutput`, protocol version 1: what PostgreSQL says of each committed transaction.
 * Source: PostgreSQL 15, "Logical Replication Message Formats". Pure. A message is read to its end or refused whole: bytes that are no message
 * throw MalformedMessage and nothing else.
 *
 *   Begin · (Relation | Type | Origin | Insert | Update | Delete | Truncate | Message)* · Commit
 */
export interface Begin {
  kind: "begin";
  /** Where its commit is. */
  finalLsn: bigint;
  /** Microseconds since 1970, by the server's clock. */
  committedUs: bigint;
  /** The transaction's id, without its epoch. */
  xid: number;
}

export interface Commit {
  kind: "commit";
  /** What has to be confirmed for the transaction never to come again. */
  endLsn: bigint;
}

export interface Relation {
  kind: "relation";
  id: number;
  schema: string;
  table: string;
  /** default, nothing, full, index */
  identity: "d" | "n" | "f" | "i";
  columns: readonly RelationColumn[];
}

export interface RelationColumn {
  name: string;
  typeId: number;
  isKey: boolean;
}

/** Text as the server writes it, null, or "unchanged": a large value that was not logged, as the update left it alone. */
export type Value = Buffer | null | "unchanged";
export type Tuple = readonly Value[];

export interface RowMessage {
  kind: "insert" | "update" | "delete";
  relationId: number;
  /** null for a delete. */
  row: Tuple | null;
  /** `isKeyOnly`: the other columns are null, whatever they were. null for an insert, and for an update that left the key alone. */
  old: { tuple: Tuple; isKeyOnly: boolean } | null;
}

export interface Truncate {
  kind: "truncate";
  relationIds: readonly number[];
}

/** Of no interest here: type, origin, and messages of applications. */
export interface Other {
  kind: "other";
}

export type PgOutputMessage = Begin | Commit | Relation | RowMessage | Truncate | Other;

export class MalformedMessage extends Error {
  override readonly name = "MalformedMessage";
  readonly code = "MALFORMED_MESSAGE";
}

/** The values refer to the given bytes. */
export function decodeMessage(bytes: Buffer): PgOutputMessage {
  const reader = new Reader(bytes);
  const message = decode(reader);
  if (message.kind !== "other") reader.end();
  return message;
}

function decode(reader: Reader): PgOutputMessage {
  const tag = reader.letter();
  switch (tag) {
    case "B":
      return decodeBegin(reader);
    case "C":
      return decodeCommit(reader);
    case "R":
      return decodeRelation(reader);
    case "I":
      return decodeInsert(reader);
    case "U":
      return decodeUpdate(reader);
    case "D":
      return decodeDelete(reader);
    case "T":
      return decodeTruncate(reader);
    case "Y":
    case "O":
    case "M":
      return { kind: "other" };
    default:
      throw new MalformedMessage(`no message begins with ${JSON.stringify(tag)}`);
  }
}

/** From 2000-01-01, where the server's times begin, to 1970. */
const epochUs = 946_684_800_000_000n;

export function unixUs(serverUs: bigint): bigint {
  return serverUs + epochUs;
}

function decodeBegin(reader: Reader): Begin {
  const finalLsn = reader.uint64();
  const committedUs = unixUs(reader.int64());
  return { kind: "begin", finalLsn, committedUs, xid: reader.uint32() };
}

function decodeCommit(reader: Reader): Commit {
  reader.letter();
  reader.uint64();
  const endLsn = reader.uint64();
  reader.int64();
  return { kind: "commit", endLsn };
}

function decodeRelation(reader: Reader): Relation {
  const id = reader.uint32();
  const schema = reader.text() || "pg_catalog";
  const table = reader.text();
  const identity = reader.letter();
  if (!isIdentity(identity)) throw new MalformedMessage(`no replica identity: ${JSON.stringify(identity)}`);
  const columns: RelationColumn[] = [];
  for (let count = reader.uint16(); count > 0; count--) {
    const isKey = (reader.uint8() & 1) === 1;
    const name = reader.text();
    columns.push({ name, typeId: reader.uint32(), isKey });
    reader.uint32();
  }
  return { kind: "relation", id, schema, table, identity, columns };
}

function isIdentity(letter: string): letter is Relation["identity"] {
  return "dnfi".includes(letter);
}

function decodeInsert(reader: Reader): RowMessage {
  const relationId = reader.uint32();
  expect(reader.letter(), "N");
  return { kind: "insert", relationId, row: decodeTuple(reader), old: null };
}

function decodeUpdate(reader: Reader): RowMessage {
  const relationId = reader.uint32();
  const tag = reader.letter();
  const old = tag === "N" ? null : decodeOld(reader, tag);
  if (old !== null) expect(reader.letter(), "N");
  return { kind: "update", relationId, row: decodeTuple(reader), old };
}

function decodeDelete(reader: Reader): RowMessage {
  const relationId = reader.uint32();
  return { kind: "delete", relationId, row: null, old: decodeOld(reader, reader.letter()) };
}

function decodeOld(reader: Reader, tag: string): NonNullable<RowMessage["old"]> {
  expect(tag, "K", "O");
  return { tuple: decodeTuple(reader), isKeyOnly: tag === "K" };
}

function decodeTruncate(reader: Reader): Truncate {
  const count = reader.uint32();
  reader.uint8();
  const relationIds: number[] = [];
  for (let index = 0; index < count; index++) relationIds.push(reader.uint32());
  return { kind: "truncate", relationIds };
}

function decodeTuple(reader: Reader): Tuple {
  const values: Value[] = [];
  for (let count = reader.uint16(); count > 0; count--) values.push(decodeValue(reader));
  return values;
}

function decodeValue(reader: Reader): Value {
  const tag = reader.letter();
  if (tag === "n") return null;
  if (tag === "u") return "unchanged";
  expect(tag, "t");
  return reader.bytes(reader.uint32());
}

function expect(letter: string, ...allowed: string[]): void {
  if (!allowed.includes(letter))
    throw new MalformedMessage(`${JSON.stringify(letter)} stands where ${allowed.join(" or ")} should`);
}

/** Reads one message from its start. Whatever would go beyond its end throws. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  bytes(count: number): Buffer {
    const from = this.#take(count);
    return this.#bytes.subarray(from, this.#at);
  }

  uint8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  uint16(): number {
    return this.#bytes.readUInt16BE(this.#take(2));
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  uint64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#take(8));
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8));
  }

  letter(): string {
    return String.fromCharCode(this.uint8());
  }

  /** Up to a zero byte. */
  text(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw new MalformedMessage("a text does not end");
    const text = this.#bytes.toString("utf8", this.#at, end);
    this.#at = end + 1;
    return text;
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new MalformedMessage("the message goes on after its end");
  }

  #take(count: number): number {
    const from = this.#at;
    if (from + count > this.#bytes.length) throw new MalformedMessage("the message ends too early");
    this.#at = from + count;
    return from;
  }
}
