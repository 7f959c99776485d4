/**
 * A value, as it is and not as it is encoded, into the hash of its key. What has an order (lists, streams) is hashed in its
 * order; the elements of sets, sorted sets and hashes are hashed one by one and added up.
 *
 * Left out is what another version of the engine does not keep: of streams the counters of entries and the times at which consumers
 * were seen.
 */
import type { ByteSpan } from "../decode/byte-span.ts";
import type { ElementSink, StreamConsumer, StreamGroup, StreamId, StreamInfo } from "../decode/element-sink.ts";
import { DigestSum } from "./digest-sum.ts";
import { Hash128 } from "./hash-128.ts";

export class ValueHash implements ElementSink {
  /** Of the key; `endValue` completes the value's part of it. */
  readonly hash = new Hash128();
  /** Of the fields that expire, when the first one does. */
  firstFieldExpiryMs: number | null = null;
  readonly #element = new Hash128();
  readonly #sum = new DigestSum();

  beginValue(): void {
    this.firstFieldExpiryMs = null;
    this.#sum.clear();
  }

  endValue(): void {
    const { count, a, b, c, d } = this.#sum;
    this.hash.integer(count);
    for (const lane of [a, b, c, d]) this.hash.uint32(lane);
  }

  string({ bytes, start, end }: ByteSpan, isLast: boolean): void {
    this.hash.bytes(bytes, start, end);
    if (isLast) this.hash.endString();
  }

  item(item: ByteSpan): void {
    this.#addOrdered(item);
  }

  member({ bytes, start, end }: ByteSpan): void {
    const element = this.#element;
    element.reset();
    element.string(bytes, start, end);
    this.#addElement();
  }

  scored({ bytes, start, end }: ByteSpan, score: number): void {
    const element = this.#element;
    element.reset();
    element.string(bytes, start, end);
    scoreFloat[0] = score + 0;
    element.uint32(scoreWords[0] as number);
    element.uint32(scoreWords[1] as number);
    this.#addElement();
  }

  field(field: ByteSpan, value: ByteSpan, expiresAtMs: number | null): void {
    const element = this.#element;
    element.reset();
    element.string(field.bytes, field.start, field.end);
    element.string(value.bytes, value.start, value.end);
    if (expiresAtMs !== null) {
      element.integer(expiresAtMs);
      this.firstFieldExpiryMs = Math.min(expiresAtMs, this.firstFieldExpiryMs ?? expiresAtMs);
    }
    this.#addElement();
  }

  streamEntry(id: StreamId, fields: readonly ByteSpan[]): void {
    this.#id(id);
    for (const field of fields) this.#addOrdered(field);
    this.hash.integer(fields.length);
  }

  streamInfo({ length, lastId, groups }: StreamInfo): void {
    this.hash.integer(length);
    this.#id(lastId);
    this.hash.integer(groups);
  }

  group({ name, lastId, pending }: StreamGroup): void {
    this.#addOrdered(name);
    this.#id(lastId);
    this.hash.integer(pending);
  }

  pending(id: StreamId, deliveredAtMs: number, deliveries: number): void {
    this.#id(id);
    this.hash.integer(deliveredAtMs);
    this.hash.integer(deliveries);
  }

  consumer({ name, pending }: StreamConsumer): void {
    this.#addOrdered(name);
    this.hash.integer(pending);
  }

  consumerPending(id: StreamId): void {
    this.#id(id);
  }

  #addOrdered({ bytes, start, end }: ByteSpan): void {
    this.hash.string(bytes, start, end);
  }

  #id({ ms, seq }: StreamId): void {
    this.hash.big(ms);
    this.hash.big(seq);
  }

  #addElement(): void {
    this.#element.finish();
    this.#sum.add(this.#element);
  }
}

/** −0 and 0 are one score: one encoding tells them apart, another does not. Adding 0 makes both 0. */
const scoreFloat = new Float64Array(1);
const scoreWords = new Uint32Array(scoreFloat.buffer);
