/** What comes over an open replication connection, as a feed; and what is confirmed over it. */
import type { Client } from "pg";
import type { Clock } from "../../clock.ts";
import { FeedQueue } from "../feed-queue.ts";
import type { FeedItem, OpenFeed, Waiting } from "../source.ts";
import { decodeMessage } from "./pgoutput.ts";
import { Replication } from "./replication.ts";
import { decodeStreamMessage, encodeStatus, formatLsn, parseLsn } from "./replication-stream.ts";
import { arePublished, quoted } from "./tables.ts";
import { type ParseValue, type TransactionPart, Transactions } from "./transactions.ts";
import { isVisible, parseSnapshot } from "./visibility.ts";

export const postgresLimits = {
  /** So many changes are held at most while the cache is slow, and twice that for a moment. */
  changesMax: 1_000,
  /** How often what was invalidated is confirmed. */
  statusEveryMs: 1_000,
  /** A server that is not heard for so long is asked to answer, and for so long is given up. */
  silenceMs: 5_000,
  silenceMsMax: 20_000,
  /** How often it is looked whether all tables are still published. */
  tablesEveryMs: 30_000,
  /** The longest pause before it is looked again whether a commit is visible. */
  visibleEveryMs: 20,
} as const;

export interface PostgresFeedOptions {
  control: Client;
  replication: Client;
  slot: string;
  publication: string;
  tables: readonly string[];
  parseValue: ParseValue;
  clock: Clock;
  signal: AbortSignal;
}

export class PostgresFeed implements OpenFeed {
  readonly #options: PostgresFeedOptions;
  readonly #replication: Replication;
  readonly #transactions: Transactions;
  readonly #queue: FeedQueue;
  readonly #end = new AbortController();
  #confirmed = 0n;
  #isConfirmed = true;
  #heardMs: number;
  #isPaused = false;

  constructor(options: PostgresFeedOptions) {
    this.#options = options;
    this.#replication = new Replication(options.replication);
    const { changesMax } = postgresLimits;
    this.#transactions = new Transactions({
      tables: new Set(options.tables),
      parseValue: options.parseValue,
      partMax: changesMax,
    });
    this.#queue = new FeedQueue({
      changesMax,
      pause: () => this.#pause(true),
      resume: () => this.#pause(false),
      ready: ({ transactionIds = [] }) => this.#untilVisible(transactionIds),
    });
    this.#heardMs = options.clock.monotonicMs();
  }

  /** Rejects when the server does not begin. */
  begin(): Promise<void> {
    const { slot, publication, replication, signal } = this.#options;
    const names = quoted(publication).replaceAll("'", "''");
    const command = `START_REPLICATION SLOT ${quoted(slot)} LOGICAL 0/0 (proto_version '1', publication_names '${names}')`;
    return new Promise((resolve, reject) => {
      this.#replication.begin(replication, command, {
        onBegin: () => {
          signal.addEventListener("abort", () => this.#queue.close(), { once: true });
          if (signal.aborted) this.#queue.close();
          resolve();
        },
        onMessage: (bytes) => this.#hear(bytes),
        onEnd: (error) => {
          reject(error as Error);
          this.#queue.fail(error);
        },
      });
    });
  }

  beginAnew(position: string, why: string): void {
    this.#queue.unshift({ kind: "anew", position, why });
  }

  get items(): AsyncIterable<FeedItem> {
    return this.#items();
  }

  acknowledge(position: string): void {
    const lsn = parseLsn(position);
    if (lsn <= this.#confirmed) return;
    this.#confirmed = lsn;
    this.#isConfirmed = false;
  }

  waiting(): Waiting {
    return this.#queue.waiting;
  }

  async *#items(): AsyncGenerator<FeedItem, void, undefined> {
    const watching = [this.#confirmAlways(), this.#watchTables()];
    try {
      yield* this.#queue.items();
    } finally {
      this.#end.abort();
      await Promise.all(watching);
      await this.#close();
    }
  }

  #hear(bytes: Buffer): void {
    this.#heardMs = this.#options.clock.monotonicMs();
    try {
      const message = decodeStreamMessage(bytes);
      if (message.kind === "keep-alive") {
        if (!this.#transactions.isOpen) this.#queue.push({ kind: "progress", position: formatLsn(message.endLsn) });
        if (message.wantsReply) this.#sendStatus(false);
        return;
      }
      const part = this.#transactions.take(decodeMessage(message.bytes));
      if (part !== undefined) this.#push(part, message.sentUs);
    } catch (error) {
      this.#queue.fail(error);
    }
  }

  #push({ changes, xid, committedUs, endLsn }: TransactionPart, sentUs: bigint): void {
    const position = endLsn === null ? null : formatLsn(endLsn);
    if (changes.length === 0 && position !== null) return this.#queue.push({ kind: "progress", position });
    // Both times are the server's; how long it took to arrive is left out.
    const committedMs = this.#heardMs - Math.max(0, Number(sentUs - committedUs) / 1_000);
    this.#queue.push({ kind: "changes", changes, position, committedMs, transactionIds: [xid] });
  }

  async #untilVisible(xids: readonly number[]): Promise<void> {
    for (
      let pauseMs = 1;
      !this.#options.signal.aborted;
      pauseMs = Math.min(pauseMs * 2, postgresLimits.visibleEveryMs)
    ) {
      const { rows } = await this.#options.control.query("select txid_current_snapshot()::text as now");
      const snapshot = parseSnapshot((rows[0] as { now: string }).now);
      if (xids.every((xid) => isVisible(xid, snapshot))) return;
      await this.#options.clock.sleep(pauseMs, this.#options.signal);
    }
  }

  #pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#heardMs = this.#options.clock.monotonicMs();
    if (isPaused) this.#replication.pause();
    else this.#replication.resume();
  }

  async #confirmAlways(): Promise<void> {
    const { clock } = this.#options;
    let sentMs = clock.monotonicMs();
    while (!this.#end.signal.aborted) {
      await clock.sleep(postgresLimits.statusEveryMs, this.#end.signal);
      const nowMs = clock.monotonicMs();
      const silenceMs = this.#isPaused ? 0 : nowMs - this.#heardMs;
      if (silenceMs > postgresLimits.silenceMsMax)
        this.#queue.fail(new Error("PostgreSQL was not heard for too long."));
      if (this.#isConfirmed && nowMs - sentMs < postgresLimits.silenceMs) continue;
      this.#sendStatus(silenceMs >= postgresLimits.silenceMs);
      sentMs = nowMs;
    }
  }

  #sendStatus(wantsReply: boolean): void {
    this.#replication.send(encodeStatus(this.#confirmed, wantsReply));
    this.#isConfirmed = true;
  }

  async #watchTables(): Promise<void> {
    const { clock, control, publication, tables } = this.#options;
    while (!this.#end.signal.aborted) {
      await clock.sleep(postgresLimits.tablesEveryMs, this.#end.signal);
      if (this.#end.signal.aborted) return;
      try {
        if (await arePublished(control, publication, tables)) continue;
        this.#queue.fail(new Error("A table is not published any more: it was dropped, or made anew."));
      } catch (error) {
        this.#queue.fail(error);
      }
    }
  }

  async #close(): Promise<void> {
    this.#sendStatus(false);
    await Promise.all([this.#replication.close(), this.#options.control.end().catch(() => {})]);
  }
}
