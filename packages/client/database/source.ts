/**
 * What following a database asks of one: changes in the order of their commits, from a position on. Connections, their loss and
 * what the log looks like are the source's; when to try again, what a change means for a cache, and what is acknowledged are the
 * follower's (follower.ts).
 *
 * A source promises:
 *   - a batch is given only once its changes are visible to whoever reads the database; where it cannot know that, it says so
 *   - memory is bounded: a transaction of any size comes in batches
 *   - whatever it cannot give (its position is gone) it says with "anew", never by silence
 */
import type { Clock } from "../clock.ts";
import type { Change } from "./change.ts";

export interface ChangeBatch {
  kind: "changes";
  /** Of one or more transactions, or a part of one. */
  changes: readonly Change[];
  /** Everything up to here was given. null in the midst of a transaction: none can be resumed there. */
  position: string | null;
  /**
   * When the oldest of its transactions was committed, in this process's monotonic time: when it arrived, less how old the database
   * said that it was then. Never the difference of two machines' clocks.
   */
  committedMs: number;
  /** Whatever the source wants to know of them again. */
  transactionIds?: readonly number[];
  /** Somebody who reads the database now may still see the rows as they were before: it is invalidated twice. */
  isEarly?: boolean;
}

/** Nothing of the tables that are followed, and yet the log went on to here. */
export interface Progress {
  kind: "progress";
  position: string;
}

/**
 * Changes before `position` may have been missed, so that everything is cleared: the first start, or the position was lost.
 */
export interface Anew {
  kind: "anew";
  position: string;
  /** A sentence for a person. */
  why: string;
}

export type FeedItem = ChangeBatch | Progress | Anew;

export interface OpenFeed {
  /** Ends by throwing when the feed is lost, and by returning when the signal was aborted. Read by one reader, one item at a time. */
  items: AsyncIterable<FeedItem>;
  /** Everything up to here has been invalidated: the source may forget it. */
  acknowledge(position: string): void;
  /** What has arrived and was not taken yet. */
  waiting(): Waiting;
}

export interface Waiting {
  changes: number;
  /** `committedMs` of the oldest of them. */
  sinceMs: number | undefined;
}

export interface OpenOptions {
  /** The last position that was acknowledged, of those that the follower keeps; null: none is known. */
  position: string | null;
  /** Names as in `Change.table`: those of the map. */
  tables: readonly string[];
  /** Ends the feed and its connections. */
  signal: AbortSignal;
  clock: Clock;
}

export interface ChangeSource {
  /** "postgresql", "mysql", …: `db.system.name` of metrics. */
  readonly system: string;
  /**
   * true: the database keeps the position and lets one process follow at a time; `open` rejects with SourceBusy for a second. false: both is
   * kept in the cache server (position.ts).
   */
  readonly keepsPosition: boolean;
  /** Rejects with DatabaseRefused for what a person has to mend, else with what went wrong on the way: that is tried again. */
  open(options: OpenOptions): Promise<OpenFeed>;
}

/** Another process follows with the same slot: this one stands by. */
export class SourceBusy extends Error {
  override readonly name = "SourceBusy";
  readonly code = "SOURCE_BUSY";
}

/** What a person has to mend before the database can be followed. The message says how. */
export class DatabaseRefused extends Error {
  override readonly name = "DatabaseRefused";
  readonly code: DatabaseRefusedCode;

  constructor(code: DatabaseRefusedCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type DatabaseRefusedCode =
  /** The database is not set up to log row changes (wal_level, binlog_format, change tracking off). */
  | "LOG_NOT_AVAILABLE"
  /** No publication, or it lacks a table, and this user may not make it. */
  | "PUBLICATION_MISSING"
  | "TABLE_UNKNOWN"
  /** Of a table's rows nothing would be logged by which they could be told apart. */
  | "KEY_MISSING"
  /** A replication slot of this name is there for something else. */
  | "SLOT_TAKEN"
  | "PERMISSION_DENIED"
  /** The package that speaks to this database is not installed. */
  | "DRIVER_MISSING";
