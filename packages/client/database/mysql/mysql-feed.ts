/**
 * What comes from a binary log that is being read, as a feed.
 *
 * A transaction is in the log a little before others see it. MariaDB says up to where its log is visible, and changes wait until then;
 * MySQL says no such thing, so there they are early (source.ts).
 */
import type ZongJi from "@vlasky/zongji";
import type { AnyBinlogEvent } from "@vlasky/zongji";
import type { Connection } from "mysql2/promise";
import type { Clock } from "../../clock.ts";
import { FeedQueue } from "../feed-queue.ts";
import type { ChangeBatch, FeedItem, OpenFeed, Waiting } from "../source.ts";
import { type BinlogPart, BinlogTransactions } from "./binlog-transactions.ts";
import { formatPosition, type LogPosition, placeInLog } from "./log-position.ts";
import { partsOf, type ServerIdentity } from "./settings.ts";

export const mysqlLimits = {
  /** So many changes are held at most while the cache is slow, and an event's rows more. */
  changesMax: 1_000,
  /** How often a server that has nothing to say says that. */
  heartbeatMs: 5_000,
  /** A server that is not heard for so long is given up. */
  silenceMsMax: 20_000,
  /** The longest pause before it is looked again whether a commit is visible. */
  visibleEveryMs: 20,
  /** How long the server has to end the reading. */
  stopMsMax: 2_000,
} as const;

export interface MysqlFeedOptions {
  control: Connection;
  zongji: ZongJi;
  server: ServerIdentity;
  /** null: from the end of the log on, and everything is cleared, for the reason `why`. */
  from: LogPosition | null;
  why: string;
  tables: readonly string[];
  serverId: number;
  /** The server's wall clock less this process's monotonic one, when it was asked: too large by the way of the answer, at most. */
  serverAheadMs: number;
  /** Why the log cannot be read on. */
  onUnreadable(why: string): void;
  clock: Clock;
  signal: AbortSignal;
}

export class MysqlFeed implements OpenFeed {
  readonly #options: MysqlFeedOptions;
  readonly #transactions: BinlogTransactions;
  readonly #queue: FeedQueue;
  readonly #end = new AbortController();
  #heardMs: number;
  #isPaused = false;

  constructor(options: MysqlFeedOptions) {
    this.#options = options;
    const { changesMax } = mysqlLimits;
    const { database } = options.server;
    this.#transactions = new BinlogTransactions({ tables: new Set(options.tables), database, partMax: changesMax });
    this.#queue = new FeedQueue({
      changesMax,
      pause: () => this.#pause(true),
      resume: () => this.#pause(false),
      ready: (batch) => this.#untilVisible(batch),
    });
    this.#heardMs = options.clock.monotonicMs();
  }

  /** Resolves with the first event; rejects when the server sends none. */
  begin(): Promise<void> {
    const { zongji, signal } = this.#options;
    return new Promise<void>((resolve, reject) => {
      zongji.on("ready", () => this.#prepare());
      zongji.on("binlog", (event: AnyBinlogEvent) => {
        resolve();
        this.#hear(event);
      });
      zongji.on("error", (error: Error) => {
        reject(error);
        this.#fail(error);
      });
      signal.addEventListener("abort", () => this.#queue.close(), { once: true });
      if (signal.aborted) this.#queue.close();
      zongji.start({ ...this.#startOptions(), serverId: this.#options.serverId });
    }).catch(async (error: unknown) => {
      await this.#stopReading();
      throw error;
    });
  }

  get items(): AsyncIterable<FeedItem> {
    return this.#items();
  }

  /** The follower keeps the position. */
  acknowledge(): void {}

  waiting(): Waiting {
    return this.#queue.waiting;
  }

  async *#items(): AsyncGenerator<FeedItem, void, undefined> {
    const watching = this.#watchSilence();
    try {
      yield* this.#queue.items();
    } finally {
      this.#end.abort();
      await watching;
      await this.#stopReading();
      this.#options.control.destroy();
    }
  }

  #startOptions() {
    const { from, tables, server } = this.#options;
    const schemas: Record<string, string[]> = {};
    for (const table of tables) {
      const [schema, name] = partsOf(table, server.database);
      schemas[schema] = [...(schemas[schema] ?? []), name];
    }
    const start =
      from === null
        ? { startAtEnd: true }
        : from.by === "gtid"
          ? { gtidSet: from.gtidSet }
          : { filename: from.file, position: from.offset };
    return { ...start, includeSchema: schemas, includeEvents };
  }

  /** Just before the reading begins. */
  #prepare(): void {
    const { zongji, from, why } = this.#options;
    const everyNs = mysqlLimits.heartbeatMs * 1_000_000;
    zongji.connection?.query(
      `SET @master_heartbeat_period = ${everyNs}, @source_heartbeat_period = ${everyNs}`,
      () => {},
    );
    if (from === null) this.#queue.unshift({ kind: "anew", position: this.#position(), why });
  }

  #hear(event: AnyBinlogEvent): void {
    this.#heardMs = this.#options.clock.monotonicMs();
    const position = this.#position();
    const part = this.#transactions.take(event, position);
    if (part !== undefined) this.#push(part, position);
  }

  #push({ changes, writtenMs, isEnd }: BinlogPart, position: string): void {
    if (changes.length === 0 && isEnd) return this.#queue.push({ kind: "progress", position });
    // Its time is that of the second in which it was written: by up to one, it is younger.
    const ageMs = Math.max(0, this.#heardMs + this.#options.serverAheadMs - writtenMs - 1_000);
    this.#queue.push({
      kind: "changes",
      changes,
      position: isEnd ? position : null,
      committedMs: this.#heardMs - ageMs,
      // Of one that has not ended, where it begins: it is visible once anything after that is.
      transactionIds: [isEnd ? this.#place() : this.#place() + 1],
      ...(this.#options.server.isMariaDb ? {} : { isEarly: true }),
    });
  }

  /** Up to where the log was executed, in what has arrived. */
  #position(): string {
    const { zongji, server } = this.#options;
    if (server.by === "gtid") return formatPosition({ by: "gtid", gtidSet: zongji.gtidSet ?? "" });
    const { filename = "", position = 0 } = zongji.options;
    return formatPosition({ by: "file", serverId: server.serverId, file: filename, offset: position });
  }

  #place(): number {
    const { filename = "", position = 0 } = this.#options.zongji.options;
    return placeInLog(filename, position);
  }

  async #untilVisible({ transactionIds = [], isEarly }: ChangeBatch): Promise<void> {
    if (isEarly === true) return;
    const last = Math.max(...transactionIds);
    const { signal, clock } = this.#options;
    for (let pauseMs = 1; !signal.aborted; pauseMs = Math.min(pauseMs * 2, mysqlLimits.visibleEveryMs)) {
      if ((await this.#visiblePlace()) >= last) return;
      await clock.sleep(pauseMs, signal);
    }
  }

  /** Up to where in the log everything can be seen by who begins to read now. MariaDB's alone. */
  async #visiblePlace(): Promise<number> {
    const [results] = await this.#options.control.query(
      "start transaction with consistent snapshot; show status like 'binlog_snapshot_%'; commit",
    );
    const rows = (results as unknown[])[1] as { Variable_name: string; Value: string }[];
    const value = (name: string) =>
      rows.find(({ Variable_name }) => Variable_name.toLowerCase() === `binlog_snapshot_${name}`)?.Value;
    const file = value("file") ?? "";
    return file === "" ? Number.POSITIVE_INFINITY : placeInLog(file, Number(value("position")));
  }

  #pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#heardMs = this.#options.clock.monotonicMs();
    if (isPaused) this.#options.zongji.connection?.pause();
    else this.#options.zongji.connection?.resume();
  }

  #fail(error: Error & { code?: string; errno?: number }): void {
    if (error.errno === 1236)
      this.#options.onUnreadable(`The server no longer has the log from where it was left: ${error.message}`);
    // The reader's own errors have no code: a table that is gone or has another shape now, an event that it does not know.
    else if (error.code === undefined) this.#options.onUnreadable(`The log could not be read on: ${error.message}`);
    this.#queue.fail(error);
  }

  async #watchSilence(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#end.signal.aborted) {
      await clock.sleep(mysqlLimits.heartbeatMs, this.#end.signal);
      if (!this.#isPaused && clock.monotonicMs() - this.#heardMs > mysqlLimits.silenceMsMax)
        this.#queue.fail(new Error("The server was not heard for too long."));
    }
  }

  async #stopReading(): Promise<void> {
    const { zongji } = this.#options;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, mysqlLimits.stopMsMax);
      zongji.once("stopped", () => {
        clearTimeout(timer);
        resolve();
      });
      zongji.stop();
    });
  }
}

/** What of the log is of interest: rows, the ends of transactions, statements, and that the server lives. */
const includeEvents = ["tablemap", "writerows", "updaterows", "deleterows", "xid", "query", "rotate", "heartbeat"];
