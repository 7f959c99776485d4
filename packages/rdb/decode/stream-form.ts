/**
 * The encodings of streams, step by step: nodes of entries, what is known of the stream, then for each group what is
 * pending in it, its consumers, and what of that is pending with each.
 *
 * | step | gives | then |
 * | --- | --- | --- |
 * | nodes | the entries of one node | nodes, or info |
 * | info | the stream's counters | groups, producers or over |
 * | groups | one group | pending, or consumerCount |
 * | pending | one pending entry | pending, or consumerCount |
 * | consumerCount | nothing | as behind a consumer |
 * | consumers | one consumer | owned; without any: as behind its last one |
 * | owned | one entry of a consumer | owned, consumers, unownedCount, groups, producers or over |
 * | unownedCount | nothing | unowned, groups, producers or over |
 * | unowned | nothing | unowned, groups, producers or over |
 * | producers | nothing | producer, or counts |
 * | producer | nothing | sent, producer or counts |
 * | sent | nothing | sent, producer or counts |
 * | counts | nothing | over |
 *
 * Version 2 of the encoding added counters, version 3 when consumers were active, version 4 what producers sent (passed
 * over: nobody else knows it), version 5 which pending entries no consumer has. The last two are Redis 8.6 and 8.8:
 * read as published parsers read them, and not checked against an engine.
 */
import { ByteSpan } from "./byte-span.ts";
import type { CollectionState } from "./collections.ts";
import { StreamEntries } from "./stream-entries.ts";
import { rawStreamIdAt } from "./value-cursor.ts";

type Step =
  | "start"
  | "nodes"
  | "info"
  | "groups"
  | "pending"
  | "consumerCount"
  | "consumers"
  | "owned"
  | "unownedCount"
  | "unowned"
  | "producers"
  | "producer"
  | "sent"
  | "counts"
  | "over";

const rawIdBytes = 16;
/** An engine that does not know how much a group has read writes -1, of 64 bits. */
const unknownCount = 0xffff_ffff_ffff_ffffn;

export class StreamForm {
  readonly #state: CollectionState;
  readonly #entries: StreamEntries;
  readonly #name = new ByteSpan();
  #version = 1;
  #step: Step = "start";
  #nodes = 0;
  #groups = 0;
  #pending = 0;
  #consumers = 0;
  #owned = 0;
  #unowned = 0;
  #producers = 0;
  #sent = 0;

  constructor(state: CollectionState) {
    this.#state = state;
    this.#entries = new StreamEntries(state.sink);
  }

  start(version: number): void {
    this.#version = version;
    this.#step = "start";
  }

  /** How many nodes are still to come. */
  get nodes(): number {
    return this.#nodes;
  }

  get isOver(): boolean {
    return this.#step === "over";
  }

  /** Reads what the next step needs, or throws before anything has changed. */
  advance(): void {
    switch (this.#step) {
      case "start":
        return this.#start();
      case "nodes":
        return this.#readNode();
      case "info":
        return this.#readInfo();
      case "groups":
        return this.#readGroup();
      case "pending":
        return this.#readPending();
      case "consumerCount":
        return this.#readConsumerCount();
      case "consumers":
        return this.#readConsumer();
      case "owned":
        return this.#readOwned();
      case "unownedCount":
        return this.#readUnownedCount();
      case "unowned":
        return this.#passUnowned();
      case "producers":
        return this.#readProducers();
      case "producer":
        return this.#passProducer();
      case "sent":
        return this.#passSent();
      case "counts":
        return this.#passCounts();
      case "over":
        return;
    }
  }

  #start(): void {
    this.#nodes = this.#state.cursor.count("the count of a stream's nodes");
    this.#step = this.#nodes > 0 ? "nodes" : "info";
  }

  #readNode(): void {
    const { cursor, first, listpack } = this.#state;
    cursor.string(first, "the id of a stream's node");
    if (first.length !== rawIdBytes) cursor.fail(`expected the id of a stream's node, found ${first.length} bytes`);
    if (this.#state.sink.streamNode !== undefined) return this.#passNode();
    const from = rawStreamIdAt(first.bytes, first.start);
    const node = this.#state.unpack(listpack, "a listpack");
    this.#nodes--;
    if (this.#nodes === 0) this.#step = "info";
    this.#entries.give(node, from);
  }

  /** The id was read. */
  #passNode(): void {
    const { cursor, sink, first, second } = this.#state;
    cursor.string(second, "a listpack");
    this.#nodes--;
    if (this.#nodes === 0) this.#step = "info";
    sink.streamNode?.(first, second);
  }

  #readInfo(): void {
    const { cursor, sink } = this.#state;
    const hasCounters = this.#version >= 2;
    const length = cursor.count("the length of a stream");
    const lastId = cursor.streamId();
    const firstId = hasCounters ? cursor.streamId() : null;
    const maxDeletedId = hasCounters ? cursor.streamId() : null;
    const entriesAdded = hasCounters ? cursor.integer("the count of entries ever added") : null;
    const groups = cursor.count("the count of a stream's groups");
    this.#groups = groups;
    this.#nextGroup();
    sink.streamInfo({ length, lastId, firstId, maxDeletedId, entriesAdded, groups });
  }

  #readGroup(): void {
    const { cursor, sink } = this.#state;
    cursor.string(this.#name, "the name of a group");
    const lastId = cursor.streamId();
    const read = this.#version >= 2 ? cursor.integer("the count of entries that a group has read") : unknownCount;
    const pending = cursor.count("the count of a group's pending entries");
    this.#groups--;
    this.#pending = pending;
    this.#step = pending > 0 ? "pending" : "consumerCount";
    sink.group({ name: this.#name, lastId, entriesRead: read === unknownCount ? null : read, pending });
  }

  #readPending(): void {
    const { cursor, sink } = this.#state;
    const id = cursor.rawStreamId();
    const deliveredAtMs = cursor.milliseconds();
    const deliveries = cursor.count("how often an entry was delivered");
    this.#pending--;
    if (this.#pending === 0) this.#step = "consumerCount";
    sink.pending(id, deliveredAtMs, deliveries);
  }

  #readConsumerCount(): void {
    const consumers = this.#state.cursor.count("the count of a group's consumers");
    this.#consumers = consumers;
    this.#nextConsumer();
    this.#state.sink.consumers?.(consumers);
  }

  #readConsumer(): void {
    const { cursor, sink } = this.#state;
    cursor.string(this.#name, "the name of a consumer");
    const seenAtMs = cursor.milliseconds();
    const activeAtMs = this.#version >= 3 ? cursor.milliseconds() : -1;
    const owned = cursor.count("the count of a consumer's pending entries");
    this.#consumers--;
    this.#owned = owned;
    if (owned > 0) this.#step = "owned";
    else this.#nextConsumer();
    sink.consumer({ name: this.#name, seenAtMs, activeAtMs: activeAtMs < 0 ? null : activeAtMs, pending: owned });
  }

  #readOwned(): void {
    const { cursor, sink } = this.#state;
    const id = cursor.rawStreamId();
    this.#owned--;
    if (this.#owned === 0) this.#nextConsumer();
    sink.consumerPending(id);
  }

  #nextConsumer(): void {
    if (this.#consumers > 0) this.#step = "consumers";
    else if (this.#version >= 5) this.#step = "unownedCount";
    else this.#nextGroup();
  }

  #nextGroup(): void {
    if (this.#groups > 0) this.#step = "groups";
    else this.#step = this.#version >= 4 ? "producers" : "over";
  }

  #readUnownedCount(): void {
    this.#unowned = this.#state.cursor.count("the count of a group's entries without consumer");
    this.#step = "unowned";
    if (this.#unowned === 0) this.#nextGroup();
  }

  /** Of the pending entries one that no consumer has: it was given with the group. */
  #passUnowned(): void {
    this.#state.cursor.rawStreamId();
    this.#unowned--;
    if (this.#unowned === 0) this.#nextGroup();
  }

  #readProducers(): void {
    const { cursor } = this.#state;
    cursor.count("how long the ids of producers are remembered");
    cursor.count("how many ids of a producer are remembered");
    this.#producers = cursor.count("the count of producers");
    this.#nextProducer();
  }

  #passProducer(): void {
    const { cursor } = this.#state;
    cursor.string(this.#name, "the name of a producer");
    this.#sent = cursor.count("the count of a producer's ids");
    this.#producers--;
    if (this.#sent > 0) this.#step = "sent";
    else this.#nextProducer();
  }

  #passSent(): void {
    const { cursor } = this.#state;
    cursor.string(this.#name, "the id that a producer sent");
    cursor.streamId();
    this.#sent--;
    if (this.#sent === 0) this.#nextProducer();
  }

  #nextProducer(): void {
    this.#step = this.#producers > 0 ? "producer" : "counts";
  }

  #passCounts(): void {
    const { cursor } = this.#state;
    cursor.count("the count of ids added");
    cursor.count("the count of ids refused");
    this.#step = "over";
  }
}
