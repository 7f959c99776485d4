/**
 * What a value consists of, as the decoder gives it: one call for each element, in the order of the encoding, whatever
 * the encoding is. Spans, ids and objects are valid during the call only.
 *
 * A hash, set or sorted set may hold the same element twice when the file is not an engine's: nobody here keeps what
 * came before.
 */
import type { ByteSpan } from "./byte-span.ts";

/** Both parts are unsigned integers of 64 bits. */
export interface StreamId {
  readonly ms: bigint;
  readonly seq: bigint;
}

/** Null where the encoding is older than the counter. */
export interface StreamInfo {
  readonly length: number;
  readonly lastId: StreamId;
  readonly firstId: StreamId | null;
  readonly maxDeletedId: StreamId | null;
  readonly entriesAdded: bigint | null;
  /** How many groups follow. */
  readonly groups: number;
}

export interface StreamGroup {
  readonly name: ByteSpan;
  readonly lastId: StreamId;
  /** Null where it is not known: in older encodings, and where the engine itself does not know. */
  readonly entriesRead: bigint | null;
  /** How many pending entries follow. */
  readonly pending: number;
}

export interface StreamConsumer {
  readonly name: ByteSpan;
  readonly seenAtMs: number;
  /** Null in older encodings, and for a consumer that never was active. */
  readonly activeAtMs: number | null;
  /** How many pending entries of its own follow. */
  readonly pending: number;
}

export interface ElementSink {
  /** The bytes of a string, in order; a string that the reader gave whole is one piece. */
  string(piece: ByteSpan, isLast: boolean): void;
  /** Of a list, from its head on. */
  item(item: ByteSpan): void;
  /** Of a set. */
  member(member: ByteSpan): void;
  /** Of a sorted set. The score is never NaN. */
  scored(member: ByteSpan, score: number): void;
  field(field: ByteSpan, value: ByteSpan, expiresAtMs: number | null): void;
  /** The items since the last call were one node of the list's encoding. */
  listNode?(): void;
  /**
   * A node of a stream as it is: the id that its entries count from, in sixteen bytes, and their listpack. A sink that
   * takes nodes gets no entries.
   */
  streamNode?(from: ByteSpan, listpack: ByteSpan): void;
  /** Names and values, alternating; entries come in the order of their ids, deleted ones do not come. */
  streamEntry(id: StreamId, fields: readonly ByteSpan[]): void;
  /** Behind all entries. */
  streamInfo(info: StreamInfo): void;
  group(group: StreamGroup): void;
  /** An entry that the last group has delivered and that was not acknowledged, in the order of ids. */
  pending(id: StreamId, deliveredAtMs: number, deliveries: number): void;
  /** How many consumers the last group has; they follow its pending entries. */
  consumers?(count: number): void;
  consumer(consumer: StreamConsumer): void;
  /** The pending entry belongs to the last consumer. */
  consumerPending(id: StreamId): void;
}

/** Takes everything and keeps nothing: the sink to start from where only some kinds of elements matter. */
export class IgnoringSink implements ElementSink {
  string(_piece: ByteSpan, _isLast: boolean): void {}
  item(_item: ByteSpan): void {}
  member(_member: ByteSpan): void {}
  scored(_member: ByteSpan, _score: number): void {}
  field(_field: ByteSpan, _value: ByteSpan, _expiresAtMs: number | null): void {}
  streamEntry(_id: StreamId, _fields: readonly ByteSpan[]): void {}
  streamInfo(_info: StreamInfo): void {}
  group(_group: StreamGroup): void {}
  pending(_id: StreamId, _deliveredAtMs: number, _deliveries: number): void {}
  consumer(_consumer: StreamConsumer): void {}
  consumerPending(_id: StreamId): void {}
}
