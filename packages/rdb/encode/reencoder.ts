/**
 * Writes a value in an encoding that an older RDB version has: the sink of a decoder, fed from one and the same value.
 *
 * | kind | becomes |
 * | --- | --- |
 * | list | a quicklist of ziplists, node for node |
 * | set, zset, hash | the plain form; engines pack small ones again as they load them |
 * | hash with expiry | the target family's form of it where it has one, else a plain hash and the expiry is lost |
 * | stream | the same nodes; what older versions of the encoding do not have is left out |
 *
 * A plain form begins with its count. Where the source has none, because all is packed into one string, room is left
 * for it; all elements of such a value come in one step of the decoder, and with the end of the step the count is set.
 */
import type { ByteSpan } from "../decode/byte-span.ts";
import type { ElementSink, StreamConsumer, StreamGroup, StreamId, StreamInfo } from "../decode/element-sink.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { ZiplistWriter } from "./ziplist-writer.ts";

/** How a field's expiry is written: not, before it as Redis does, or behind it as Valkey does. */
export type FieldExpiryForm = "none" | "before" | "behind";

export interface ReencodedForm {
  readonly fieldExpiry: FieldExpiryForm;
  readonly streamVersion: 1 | 2 | 3;
}

/** Instead of where the count is to be set. */
const notNeeded = -1;
const notReserved = -2;

const unknownCount = 0xffff_ffff_ffff_ffffn;
const noId: StreamId = { ms: 0n, seq: 0n };

export class Reencoder implements ElementSink {
  readonly #writer: ByteWriter;
  readonly #form: ReencodedForm;
  readonly #ziplist = new ZiplistWriter();
  #countAt = notNeeded;
  #count = 0;
  #lostFieldExpiries = 0;

  constructor(writer: ByteWriter, form: ReencodedForm) {
    this.#writer = writer;
    this.#form = form;
  }

  /** Null as a count: it becomes known by the elements that come. */
  start(count: number | null): void {
    this.#ziplist.start();
    this.#countAt = notNeeded;
    if (count === null) this.#countAt = notReserved;
    else this.#writer.count(count);
  }

  /** After each step of the decoder, and before the writer's bytes are taken. */
  endStep(): void {
    if (this.#countAt >= 0) this.#writer.setCount(this.#countAt, this.#count);
  }

  finish(): void {
    if (this.#countAt === notReserved) this.#writer.count(0);
  }

  takeLostFieldExpiries(): number {
    const lost = this.#lostFieldExpiries;
    this.#lostFieldExpiries = 0;
    return lost;
  }

  string(): void {
    throw new Error("No version lacks the encoding of strings");
  }

  item(item: ByteSpan): void {
    this.#ziplist.add(item);
  }

  listNode(): void {
    this.#string(this.#ziplist.finish());
    this.#ziplist.start();
  }

  member(member: ByteSpan): void {
    this.#countElement();
    this.#string(member);
  }

  scored(member: ByteSpan, score: number): void {
    this.#countElement();
    this.#string(member);
    this.#writer.double(score);
  }

  field(field: ByteSpan, value: ByteSpan, expiresAtMs: number | null): void {
    const { fieldExpiry } = this.#form;
    this.#countElement();
    if (fieldExpiry === "before") this.#writer.count(expiresAtMs ?? 0);
    this.#string(field);
    this.#string(value);
    if (fieldExpiry === "behind") this.#writer.milliseconds(expiresAtMs ?? -1);
    if (fieldExpiry === "none" && expiresAtMs !== null) this.#lostFieldExpiries++;
  }

  streamNode(from: ByteSpan, listpack: ByteSpan): void {
    this.#string(from);
    this.#string(listpack);
  }

  streamEntry(): void {
    throw new Error("A stream's nodes are taken as they are");
  }

  streamInfo({ length, lastId, firstId, maxDeletedId, entriesAdded, groups }: StreamInfo): void {
    this.#writer.count(length);
    this.#streamId(lastId);
    if (this.#form.streamVersion >= 2) {
      this.#streamId(firstId ?? noId);
      this.#streamId(maxDeletedId ?? noId);
      this.#writer.integer(entriesAdded ?? BigInt(length));
    }
    this.#writer.count(groups);
  }

  group({ name, lastId, entriesRead, pending }: StreamGroup): void {
    this.#string(name);
    this.#streamId(lastId);
    if (this.#form.streamVersion >= 2) this.#writer.integer(entriesRead ?? unknownCount);
    this.#writer.count(pending);
  }

  pending(id: StreamId, deliveredAtMs: number, deliveries: number): void {
    this.#writer.rawStreamId(id);
    this.#writer.milliseconds(deliveredAtMs);
    this.#writer.count(deliveries);
  }

  consumers(count: number): void {
    this.#writer.count(count);
  }

  consumer({ name, seenAtMs, activeAtMs, pending }: StreamConsumer): void {
    this.#string(name);
    this.#writer.milliseconds(seenAtMs);
    if (this.#form.streamVersion >= 3) this.#writer.milliseconds(activeAtMs ?? -1);
    this.#writer.count(pending);
  }

  consumerPending(id: StreamId): void {
    this.#writer.rawStreamId(id);
  }

  #countElement(): void {
    if (this.#countAt === notReserved) {
      this.#countAt = this.#writer.laterCount();
      this.#count = 0;
    }
    this.#count++;
  }

  #string(span: ByteSpan): void {
    this.#writer.string(span.bytes, span.start, span.end);
  }

  #streamId(id: StreamId): void {
    this.#writer.integer(id.ms);
    this.#writer.integer(id.seq);
  }
}
