/**
 * A stream as commands, in this order: its entries, its groups, what is pending in them, its counters.
 *
 * A pending entry whose stream entry was deleted can only be made while one with its id exists. Where the ids of all
 * pending entries are known beforehand, an entry in the place of the deleted one is added in its turn and deleted
 * again behind the groups; the counters come last, and hide that it was ever there. Else such entries are not made.
 *
 * What no command can set: when a consumer was seen and active. The engine sets both to now.
 */
import type { ByteSpan } from "../decode/byte-span.ts";
import type { StreamConsumer, StreamGroup, StreamId, StreamInfo } from "../decode/element-sink.ts";
import { type EngineFeature, hasFeature, type TargetEngine } from "../engine-versions.ts";
import type { Command, RebuildLimits } from "./command-batch.ts";
import { PendingEntries } from "./pending-entries.ts";
import type { RebuildLosses } from "./rebuild-losses.ts";
import { verb, word } from "./words.ts";

const firstId: StreamId = { ms: 0n, seq: 1n };

export class StreamCommands {
  readonly #add: (command: Command) => void;
  readonly #target: TargetEngine;
  readonly #losses: RebuildLosses;
  readonly #pending: PendingEntries;
  #key: Uint8Array = new Uint8Array(0);
  /** Ids that entries must have while the groups are made, ascending; those of deleted entries among them. */
  #wanted: readonly StreamId[] = [];
  #nextWanted = 0;
  #stoodIn: StreamId[] = [];
  #info: StreamInfo | null = null;
  #entries = 0;
  #group: Uint8Array = new Uint8Array(0);
  #consumer: Uint8Array = new Uint8Array(0);

  constructor(at: {
    add: (command: Command) => void;
    target: TargetEngine;
    losses: RebuildLosses;
    limits: RebuildLimits;
  }) {
    this.#add = at.add;
    this.#target = at.target;
    this.#losses = at.losses;
    this.#pending = new PendingEntries(at.limits.pendingEntriesMax);
  }

  begin(key: Uint8Array, offset: number, wanted: readonly StreamId[]): void {
    this.#key = key;
    this.#wanted = wanted;
    this.#nextWanted = 0;
    this.#stoodIn = [];
    this.#info = null;
    this.#entries = 0;
    this.#pending.begin(offset);
  }

  entry(id: StreamId, fields: readonly ByteSpan[]): void {
    this.#standInUpTo(id);
    this.#add([verb("XADD"), this.#key, idWord(id), ...fields.map((field) => field.copy())]);
    this.#entries++;
  }

  info({ length, lastId, firstId, maxDeletedId, entriesAdded, groups }: StreamInfo): void {
    this.#standInUpTo(null);
    this.#info = { length, lastId, firstId, maxDeletedId, entriesAdded, groups };
    if (this.#entries + this.#stoodIn.length === 0) this.#makeEmpty(lastId);
  }

  group({ name, lastId, entriesRead }: StreamGroup): void {
    this.#countUnclaimed();
    this.#group = name.copy();
    const command = [verb("XGROUP"), verb("CREATE"), this.#key, this.#group, idWord(lastId)];
    if (entriesRead !== null && this.#has("stream counters"))
      command.push(verb("ENTRIESREAD"), word(entriesRead.toString()));
    this.#add(command);
  }

  pending(id: StreamId, deliveredAtMs: number, deliveries: number): void {
    this.#pending.add(id, deliveredAtMs, deliveries);
  }

  consumer({ name }: StreamConsumer): void {
    this.#consumer = name.copy();
    if (this.#has("consumer creation"))
      this.#add([verb("XGROUP"), verb("CREATECONSUMER"), this.#key, this.#group, this.#consumer]);
  }

  consumerPending(id: StreamId): void {
    const pending = this.#pending.take(id);
    if (pending === null) return;
    const { deliveredAtMs, deliveries } = pending;
    this.#add([
      ...[verb("XCLAIM"), this.#key, this.#group, this.#consumer, verb("0"), idWord(id)],
      ...[verb("TIME"), word(String(deliveredAtMs)), verb("RETRYCOUNT"), word(String(deliveries))],
      ...[verb("FORCE"), verb("JUSTID")],
    ]);
  }

  end(): void {
    this.#countUnclaimed();
    for (const id of this.#stoodIn) this.#add([verb("XDEL"), this.#key, idWord(id)]);
    if (this.#info !== null) this.#setCounters(this.#info);
  }

  #setCounters({ lastId, maxDeletedId, entriesAdded, length }: StreamInfo): void {
    const command = [verb("XSETID"), this.#key, idWord(lastId)];
    if (this.#has("stream counters")) {
      command.push(verb("ENTRIESADDED"), word((entriesAdded ?? length).toString()));
      command.push(verb("MAXDELETEDID"), idWord(maxDeletedId ?? { ms: 0n, seq: 0n }));
    }
    this.#add(command);
  }

  /** An entry that does not stay leaves a stream behind. */
  #makeEmpty(lastId: StreamId): void {
    const id = isBefore(lastId, firstId) ? firstId : lastId;
    this.#add([verb("XADD"), this.#key, verb("MAXLEN"), verb("0"), idWord(id), verb("x"), verb("x")]);
  }

  #standInUpTo(id: StreamId | null): void {
    for (; this.#nextWanted < this.#wanted.length; this.#nextWanted++) {
      const wanted = this.#wanted[this.#nextWanted] as StreamId;
      if (id !== null && !isBefore(wanted, id)) {
        if (wanted.ms === id.ms && wanted.seq === id.seq) this.#nextWanted++;
        return;
      }
      if (isBefore(wanted, firstId)) continue;
      this.#add([verb("XADD"), this.#key, idWord(wanted), verb("x"), verb("x")]);
      this.#stoodIn.push(wanted);
    }
  }

  /** What is left has no consumer, which only Redis 8.8 knows, and no command of others makes. */
  #countUnclaimed(): void {
    this.#losses.pendingEntries += this.#pending.left;
    this.#pending.clear();
  }

  #has(feature: EngineFeature): boolean {
    return hasFeature(this.#target, feature);
  }
}

export function isBefore(one: StreamId, other: StreamId): boolean {
  return one.ms !== other.ms ? one.ms < other.ms : one.seq < other.seq;
}

function idWord(id: StreamId): Uint8Array {
  return word(`${id.ms}-${id.seq}`);
}
