/**
 * A value as commands that make it anew, for an engine that cannot load it as it is.
 *
 * Whole values: `whole(entry)`, or `rebuildCommands(entry, options)` for one alone. Values in parts: `begin`, `part`
 * for each, `end`. All three give batches of commands, which belong to the caller; the entry's and the part's bytes
 * are read while the batches are asked for, so they must stay until there are no more.
 *
 * The commands assume that the key does not exist, or else begin with DEL (`replaces`). Until the last of them has run
 * the key holds a part of its value, without its time to live.
 *
 * A module's value cannot be rebuilt: an RdbError that names the module.
 */
import type { ByteSpan } from "../decode/byte-span.ts";
import {
  type ElementSink,
  IgnoringSink,
  type StreamConsumer,
  type StreamGroup,
  type StreamId,
  type StreamInfo,
} from "../decode/element-sink.ts";
import { type EncodedValue, ValueDecoder } from "../decode/value-decoder.ts";
import type { RdbKind } from "../encodings.ts";
import { hasFeature, type TargetEngine } from "../engine-versions.ts";
import { defaultRdbLimits, type RdbLimits } from "../limits.ts";
import { RdbError } from "../rdb-error.ts";
import {
  type Command,
  CommandBatch,
  defaultRebuildLimits,
  GrowingCommand,
  type RebuildLimits,
} from "./command-batch.ts";
import { noLosses, type RebuildLosses } from "./rebuild-losses.ts";
import { isBefore, StreamCommands } from "./stream-commands.ts";
import { scoreWord, verb, word } from "./words.ts";

export interface RebuildOptions {
  readonly target: TargetEngine;
  /**
   * Where the target knows no expiry of fields: to refuse the value, or to let its fields stay and count them. The
   * default is to refuse.
   */
  readonly onFieldExpiry?: "refuse" | "drop";
  /** Whether an existing value is deleted first. */
  readonly replaces?: boolean;
  readonly limits?: Partial<RebuildLimits>;
  readonly rdbLimits?: RdbLimits;
}

/** Of an entry, what is the same whether its value is whole or in parts. */
export interface RebuiltEntry extends EncodedValue {
  readonly kind: RdbKind;
  readonly key: Uint8Array;
  readonly expiresAtMs: number | null;
}

export function rebuildCommands(entry: RebuiltEntry, options: RebuildOptions): Generator<Command[]> {
  return new ValueRebuilder(options).whole(entry);
}

export class ValueRebuilder {
  readonly losses: RebuildLosses = noLosses();
  readonly #replaces: boolean;
  readonly #batch: CommandBatch;
  readonly #builder: CommandBuilder;
  readonly #decoder: ValueDecoder;
  readonly #wanted = new WantedIds();
  readonly #wantedDecoder: ValueDecoder;
  #expiresAtMs: number | null = null;
  #isStream = false;

  constructor(options: RebuildOptions) {
    const limits = { ...defaultRebuildLimits, ...options.limits };
    const rdbLimits = options.rdbLimits ?? defaultRdbLimits;
    this.#replaces = options.replaces ?? false;
    this.#batch = new CommandBatch(limits);
    this.#builder = new CommandBuilder({ options, limits, batch: this.#batch, losses: this.losses });
    this.#decoder = new ValueDecoder(this.#builder, rdbLimits);
    this.#wantedDecoder = new ValueDecoder(this.#wanted, rdbLimits);
  }

  *whole(entry: RebuiltEntry): Generator<Command[]> {
    this.#begin(entry, entry.kind === "stream" ? this.#wantedIdsOf(entry) : []);
    yield* this.part(entry.valueBytes.subarray(entry.valueStart, entry.valueEnd));
    yield* this.end();
  }

  begin(entry: RebuiltEntry): void {
    this.#begin(entry, []);
    if (this.#isStream) this.losses.streamsInParts++;
  }

  *part(bytes: Uint8Array): Generator<Command[]> {
    this.#decoder.push(bytes);
    yield* this.#drain();
  }

  *end(): Generator<Command[]> {
    this.#decoder.end();
    yield* this.#drain();
    this.#builder.end(this.#expiresAtMs);
    if (!this.#batch.isEmpty) yield this.#batch.take();
  }

  #begin(entry: RebuiltEntry, wanted: readonly StreamId[]): void {
    this.#batch.take();
    const key = entry.key.slice();
    this.#expiresAtMs = entry.expiresAtMs;
    this.#isStream = entry.kind === "stream";
    this.#builder.begin({ key, offset: entry.valueOffset, isStream: this.#isStream, wanted });
    if (this.#replaces) this.#batch.add([verb("DEL"), key]);
    this.#decoder.begin(entry.encoding, entry.valueOffset);
  }

  *#drain(): Generator<Command[]> {
    while (this.#decoder.step()) if (this.#batch.isFull) yield this.#batch.take();
  }

  #wantedIdsOf(entry: RebuiltEntry): readonly StreamId[] {
    this.#wanted.clear();
    this.#wantedDecoder.decode(entry);
    return this.#wanted.sorted();
  }
}

class CommandBuilder implements ElementSink {
  readonly #batch: CommandBatch;
  readonly #losses: RebuildLosses;
  readonly #hasFieldExpiry: boolean;
  readonly #dropsFieldExpiry: boolean;
  readonly #growing: GrowingCommand;
  readonly #stream: StreamCommands;
  /** Of the fields in the growing command, by when they expire. */
  readonly #expiring = new Map<number, Uint8Array[]>();
  #key: Uint8Array = new Uint8Array(0);
  #offset = 0;
  #isStream = false;
  #hasBegunString = false;

  constructor(at: { options: RebuildOptions; limits: RebuildLimits; batch: CommandBatch; losses: RebuildLosses }) {
    const { options, limits, batch, losses } = at;
    this.#batch = batch;
    this.#losses = losses;
    this.#hasFieldExpiry = hasFeature(options.target, "field expiry");
    this.#dropsFieldExpiry = options.onFieldExpiry === "drop";
    this.#growing = new GrowingCommand(limits);
    const add = (command: Command) => batch.add(command);
    this.#stream = new StreamCommands({ add, target: options.target, losses, limits });
  }

  begin(value: { key: Uint8Array; offset: number; isStream: boolean; wanted: readonly StreamId[] }): void {
    this.#key = value.key;
    this.#offset = value.offset;
    this.#isStream = value.isStream;
    this.#hasBegunString = false;
    this.#growing.take();
    this.#expiring.clear();
    if (value.isStream) this.#stream.begin(value.key, value.offset, value.wanted);
  }

  end(expiresAtMs: number | null): void {
    this.#close();
    if (this.#isStream) this.#stream.end();
    if (expiresAtMs !== null) this.#batch.add([verb("PEXPIREAT"), this.#key, word(String(expiresAtMs))]);
  }

  string(piece: ByteSpan): void {
    this.#batch.add([verb(this.#hasBegunString ? "APPEND" : "SET"), this.#key, piece.copy()]);
    this.#hasBegunString = true;
  }

  item(item: ByteSpan): void {
    this.#grow("RPUSH", [item.copy()]);
  }

  member(member: ByteSpan): void {
    this.#grow("SADD", [member.copy()]);
  }

  scored(member: ByteSpan, score: number): void {
    this.#grow("ZADD", [scoreWord(score), member.copy()]);
  }

  field(field: ByteSpan, value: ByteSpan, expiresAtMs: number | null): void {
    const name = field.copy();
    if (expiresAtMs !== null) this.#expire(name, expiresAtMs);
    this.#grow("HSET", [name, value.copy()]);
  }

  streamEntry(id: StreamId, fields: readonly ByteSpan[]): void {
    this.#stream.entry(id, fields);
  }

  streamInfo(info: StreamInfo): void {
    this.#stream.info(info);
  }

  group(group: StreamGroup): void {
    this.#stream.group(group);
  }

  pending(id: StreamId, deliveredAtMs: number, deliveries: number): void {
    this.#stream.pending(id, deliveredAtMs, deliveries);
  }

  consumer(consumer: StreamConsumer): void {
    this.#stream.consumer(consumer);
  }

  consumerPending(id: StreamId): void {
    this.#stream.consumerPending(id);
  }

  #grow(name: string, words: readonly Uint8Array[]): void {
    this.#growing.addElement([verb(name), this.#key], words);
    if (this.#growing.isFull) this.#close();
  }

  #expire(name: Uint8Array, expiresAtMs: number): void {
    if (this.#hasFieldExpiry) {
      const names = this.#expiring.get(expiresAtMs);
      if (names === undefined) this.#expiring.set(expiresAtMs, [name]);
      else names.push(name);
      return;
    }
    if (!this.#dropsFieldExpiry)
      throw new RdbError("unsupported", this.#offset, "a field expires, which the target engine does not know,");
    this.#losses.fieldExpiries++;
  }

  #close(): void {
    if (this.#growing.isOpen) this.#batch.add(this.#growing.take());
    for (const [expiresAtMs, names] of this.#expiring) {
      const head = [verb("HPEXPIREAT"), this.#key, word(String(expiresAtMs))];
      this.#batch.add([...head, verb("FIELDS"), word(String(names.length)), ...names]);
    }
    this.#expiring.clear();
  }
}

/** The ids of all pending entries of a stream, of all its groups. */
class WantedIds extends IgnoringSink {
  #ids: StreamId[] = [];

  clear(): void {
    this.#ids = [];
  }

  override pending(id: StreamId): void {
    this.#ids.push(id);
  }

  /** Each once, though several groups may have it. */
  sorted(): readonly StreamId[] {
    const ids = this.#ids.sort((one, other) => (isBefore(one, other) ? -1 : isBefore(other, one) ? 1 : 0));
    return ids.filter((id, index) => index === 0 || isBefore(ids[index - 1] as StreamId, id));
  }
}
