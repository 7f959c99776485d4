/**
 * Parts a node's stream into batches that another server takes as one transaction each: whole commands, whole transactions, and with
 * them the place that they lead to. Pure.
 */
import type { StreamPlace } from "@larder/api";
import { encodeRequest } from "@larder/resp";
import { CommandFrames } from "../migrate/command-frames.ts";
import { migrationLimits } from "../migrate/migration-limits.ts";
import { textAt } from "../migrate/stream-keys.ts";
import { CannotFollow, StreamPlan, type StreamPlanOptions } from "../migrate/stream-plan.ts";

export interface Batch {
  commands: Buffer[][];
  /** Of each of them: the offset behind it, and the database that is selected in the stream there. */
  places: { end: number; database: number }[];
  /** The database that is selected before the first command. */
  database: number;
  /** The one that is selected behind it. */
  databaseAfter: number;
  /** The offset before it, and the one behind it. */
  start: number;
  end: number;
}

/** More than this is not put into one transaction, unless the node did. */
const batchBytesMax = 256 * 1024;
/** What a word takes in memory besides its bytes. */
const wordBytes = 100;

export interface BatchesOptions extends StreamPlanOptions {
  from: StreamPlace;
  /** The server knows no SET … PXAT: Redis before 6.2. */
  lacksPxat: boolean;
}

export class Batches {
  readonly #frames: CommandFrames;
  readonly #plan: StreamPlan;
  readonly #lacksPxat: boolean;
  #commands: Buffer[][] = [];
  #places: Batch["places"] = [];
  #bytes = 0;
  #words = 0;
  #start: number;
  #database: number;
  #selected: number;

  /** `database`: what was selected at the place. */
  constructor({ from, lacksPxat, ...plan }: BatchesOptions, database: number) {
    this.#frames = new CommandFrames({ offset: from.offset, isWhole: true });
    this.#start = from.offset;
    this.#plan = new StreamPlan({ ...plan, database });
    this.#lacksPxat = lacksPxat;
    this.#database = this.#selected = database;
  }

  /** The whole batches that the bytes end. Throws CannotFollow and BadStream. */
  push(bytes: Buffer): Batch[] {
    const batches: Batch[] = [];
    this.#frames.push(bytes);
    for (let item = this.#frames.next(); item !== null; item = this.#frames.next()) {
      if (item.kind === "piece" || (item.kind === "command" && item.frame.isLong)) throw tooLong("command");
      if (item.kind === "command") this.#take(item.frame);
      if (this.#bytes > batchBytesMax && !this.#plan.isInTransaction) batches.push(this.#end());
    }
    if (!this.#plan.isInTransaction) batches.push(this.#end());
    return batches;
  }

  #take(frame: Parameters<StreamPlan["take"]>[0]): void {
    const planned = this.#plan.take(frame);
    const words = frame.words();
    const name = textAt(words, 0);
    if (name === "select") this.#selected = Number(textAt(words, 1));
    // The batch is a transaction already.
    if (planned === "nothing" || ["multi", "exec", "ping"].includes(name)) return;
    this.#bytes += frame.bytes.length;
    this.#words += words.length;
    if (this.#bytes + wordBytes * this.#words > migrationLimits.transactionBytesMax) throw tooLong("transaction");
    const kept = planned === "whole" ? words : wordsOf(planned.bytes);
    const commands = this.#lacksPxat ? withoutPxat(kept) : [kept.map((word) => Buffer.from(word))];
    this.#commands.push(...commands);
    this.#places.push(...commands.map(() => ({ end: this.#frames.offset, database: this.#selected })));
  }

  #end(): Batch {
    const [database, databaseAfter] = [this.#database, this.#selected];
    const { offset: end } = this.#frames;
    const batch = { commands: this.#commands, places: this.#places, database, databaseAfter, start: this.#start, end };
    this.#start = end;
    this.#commands = [];
    this.#places = [];
    this.#bytes = this.#words = 0;
    this.#database = this.#selected;
    return batch;
  }
}

/** Of a request, whole. */
export function wordsOf(bytes: Buffer): Buffer[] {
  const frames = new CommandFrames({ offset: 0, isWhole: true });
  frames.push(bytes);
  const item = frames.next();
  return item?.kind === "command" ? item.frame.words() : [];
}

/** SET key value PXAT time: as two commands. */
function withoutPxat(words: readonly Buffer[]): Buffer[][] {
  const own = words.map((word) => Buffer.from(word));
  const [, key, value] = own;
  const isMeant = textAt(words, 0) === "set" && textAt(words, 3) === "pxat" && key !== undefined && value !== undefined;
  if (!isMeant) return [own];
  return [
    [Buffer.from("SET"), key, value],
    [Buffer.from("PEXPIREAT"), key, own[4] as Buffer],
  ];
}

function tooLong(what: "command" | "transaction"): CannotFollow {
  const mebibytes = migrationLimits.transactionBytesMax / (1024 * 1024);
  return new CannotFollow(
    `The cache's stream has a ${what} that takes more than ${mebibytes} MiB, which is not written to the other server as one: the way back ends before it.`,
  );
}

/**
 * As one transaction, which also says there how far it leads: what was done is known after any loss. Behind it a look at what it says
 * there, on which the next transaction depends: its replies are the last two.
 */
export function encodeBatch(batch: Batch, marker: { key: string; history: string; ttlSeconds: number }): Buffer {
  const place = `${marker.history} ${batch.end} ${batch.databaseAfter}`;
  const commands: (readonly (string | Buffer)[])[] = [
    ["MULTI"],
    ["SELECT", String(batch.database)],
    ...batch.commands,
    ["SELECT", "0"],
    ["SET", marker.key, place, "EX", String(marker.ttlSeconds)],
    ["EXEC"],
    ["WATCH", marker.key],
    ["GET", marker.key],
  ];
  return Buffer.concat(commands.map((words) => encodeRequest(words)));
}
