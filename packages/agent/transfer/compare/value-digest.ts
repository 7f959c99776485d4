/**
 * What a value is, however an engine encodes it: equal values have equal digests. Sets, hashes and sorted sets are the same in any
 * order of their elements. Of a stream it is its entries, its last id, and of each group the last id, and whose the pending entries
 * are; counters that not every version has are left out, and so is when a consumer was seen.
 */
import { createHash } from "node:crypto";
import {
  type ByteSpan,
  type ElementSink,
  IgnoringSink,
  type RdbEntry,
  type StreamConsumer,
  type StreamGroup,
  type StreamId,
  type StreamInfo,
  ValueDecoder,
} from "@larder/rdb";

const sumBits = 128n;

/** Throws RdbError for what cannot be taken apart. */
export function digestOf(entry: RdbEntry): string {
  const sink = new DigestSink();
  new ValueDecoder(sink).decode(entry);
  return `${entry.kind} ${sink.end()}`;
}

class DigestSink extends IgnoringSink implements ElementSink {
  readonly #ordered = createHash("sha256");
  /** Of the digests of all elements that have no order. */
  #sum = 0n;
  #consumer = "";

  override string(piece: ByteSpan): void {
    this.#ordered.update(piece.view());
  }

  override item(item: ByteSpan): void {
    this.#ordered.update(framed([item.view()]));
  }

  override member(member: ByteSpan): void {
    this.#add([member.view()]);
  }

  override scored(member: ByteSpan, score: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(score === 0 ? 0 : score);
    this.#add([member.view(), bytes]);
  }

  override field(field: ByteSpan, value: ByteSpan, expiresAtMs: number | null): void {
    this.#add([field.view(), value.view(), Buffer.from(String(expiresAtMs))]);
  }

  override streamEntry(id: StreamId, fields: readonly ByteSpan[]): void {
    this.#ordered.update(framed([textOf(id), ...fields.map((field) => field.view())]));
  }

  override streamInfo({ lastId }: StreamInfo): void {
    this.#ordered.update(framed([textOf(lastId)]));
  }

  override group({ name, lastId }: StreamGroup): void {
    this.#ordered.update(framed([name.view(), textOf(lastId)]));
  }

  override pending(id: StreamId, _deliveredAtMs: number, deliveries: number): void {
    this.#ordered.update(framed([textOf(id), Buffer.from(String(deliveries))]));
  }

  override consumer({ name, pending }: StreamConsumer): void {
    // One that has nothing is not everywhere kept.
    this.#consumer = pending > 0 ? name.latin1() : "";
  }

  override consumerPending(id: StreamId): void {
    this.#add([Buffer.from(this.#consumer, "latin1"), textOf(id)]);
  }

  end(): string {
    return `${this.#ordered.digest("hex")} ${this.#sum.toString(16)}`;
  }

  #add(parts: readonly Uint8Array[]): void {
    const digest = createHash("sha256")
      .update(framed(parts))
      .digest("hex")
      .slice(0, Number(sumBits) / 4);
    this.#sum = BigInt.asUintN(Number(sumBits), this.#sum + BigInt(`0x${digest}`));
  }
}

/** So that no two lists of parts are the same bytes. */
function framed(parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(parts.flatMap((part) => [Buffer.from(`${part.length}:`), part]));
}

function textOf({ ms, seq }: StreamId): Buffer {
  return Buffer.from(`${ms}-${seq}`);
}
