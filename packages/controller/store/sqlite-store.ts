/**
 * The store on one machine: a SQLite file, write-ahead log, synced at every commit. One process may have it open; the
 * file's lock says so to the others and ends with the process, however it dies.
 *
 * Deleted keys leave a row in `deletions`, so that watches can report them. As all watchers live in this process, those
 * rows start empty at each opening and only the newest are kept.
 */
import { Database, type Statement } from "bun:sqlite";
import { closeSync, openSync } from "node:fs";
import { LarderError } from "@larder/api";
import type { Listing, Store, StoreChange, StoredDocument, Transaction, TransactionOutcome } from "./store.ts";

const schemaVersion = 1;
const deletionsKeptMax = 10_000;
/** Another process that is about to end gives up its lock within this time. */
const lockWaitMs = 2_000;

interface Row {
  key: string;
  value: string | null;
  revision: number;
}

export class SqliteStore implements Store {
  readonly #database: Database;
  readonly #wakeups = new Set<() => void>();
  readonly #get: Statement<Row, [string]>;
  readonly #list: Statement<Row, [string, string]>;
  readonly #changes: Statement<Row, [number, string, string, number, string, string]>;
  #revision: number;

  /** Throws StoreUnusable when the file cannot be opened or is not a sound store. */
  static open(path: string): SqliteStore {
    let database: Database | undefined;
    try {
      closeSync(openSync(path, "a", 0o600));
      database = new Database(path, { readwrite: true, strict: true });
      prepare(database);
      return new SqliteStore(database);
    } catch (error) {
      database?.close();
      if (error instanceof LarderError) throw error;
      throw new LarderError("StoreUnusable", `The store ${path} cannot be opened: ${(error as Error).message}.`, {
        cause: error,
      });
    }
  }

  private constructor(database: Database) {
    this.#database = database;
    this.#get = database.prepare("SELECT key, value, revision FROM documents WHERE key = ?");
    this.#list = database.prepare("SELECT key, value, revision FROM documents WHERE key >= ? AND key < ? ORDER BY key");
    this.#changes = database.prepare(
      `SELECT key, value, revision FROM documents WHERE revision > ? AND key >= ? AND key < ?
       UNION ALL SELECT key, NULL, revision FROM deletions WHERE revision > ? AND key >= ? AND key < ?
       ORDER BY revision, key`,
    );
    const row = database.query<{ revision: number }, []>("SELECT revision FROM head").get();
    this.#revision = row?.revision ?? 0;
  }

  async get<T>(key: string): Promise<StoredDocument<T> | undefined> {
    const row = this.#get.get(key);
    return row === null ? undefined : { key, value: JSON.parse(row.value as string) as T, revision: row.revision };
  }

  async list<T>(prefix: string): Promise<Listing<T>> {
    const documents = this.#list
      .all(prefix, prefixEnd(prefix))
      .map((row) => ({ key: row.key, value: JSON.parse(row.value as string) as T, revision: row.revision }));
    return { revision: this.#revision, documents };
  }

  async transact(transaction: Transaction): Promise<TransactionOutcome> {
    for (const { key, revision } of transaction.require ?? [])
      if ((this.#get.get(key)?.revision ?? 0) !== revision) return { committed: false, conflictKey: key };
    const revision = this.#revision + 1;
    this.#write(transaction, revision);
    this.#revision = revision;
    for (const wake of this.#wakeups) wake();
    return { committed: true, revision };
  }

  async *watch(prefix: string, fromRevision: number, signal: AbortSignal): AsyncIterable<StoreChange[]> {
    let seen = fromRevision;
    let wake = () => {};
    const onWake = () => wake();
    this.#wakeups.add(onWake);
    signal.addEventListener("abort", onWake);
    try {
      while (!signal.aborted) {
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        const changes = this.#changesAfter(seen, prefix);
        seen = this.#revision;
        if (changes.length > 0) yield changes;
        else await woken;
      }
    } finally {
      this.#wakeups.delete(onWake);
      signal.removeEventListener("abort", onWake);
    }
  }

  async close(): Promise<void> {
    for (const statement of [this.#get, this.#list, this.#changes]) statement.finalize();
    this.#database.close();
  }

  #changesAfter(revision: number, prefix: string): StoreChange[] {
    const end = prefixEnd(prefix);
    return this.#changes.all(revision, prefix, end, revision, prefix, end).map((row) => ({
      key: row.key,
      revision: row.revision,
      value: row.value === null ? undefined : JSON.parse(row.value),
    }));
  }

  #write(transaction: Transaction, revision: number): void {
    const database = this.#database;
    try {
      database.transaction(() => {
        for (const { key, value } of transaction.put ?? []) {
          database.query("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)").run(key, JSON.stringify(value), revision);
          database.query("DELETE FROM deletions WHERE key = ?").run(key);
        }
        for (const key of transaction.delete ?? []) {
          database.query("DELETE FROM documents WHERE key = ?").run(key);
          database.query("INSERT OR REPLACE INTO deletions VALUES (?, ?)").run(key, revision);
        }
        database.query("UPDATE head SET revision = ?").run(revision);
        database.query("DELETE FROM deletions WHERE revision <= ?").run(revision - deletionsKeptMax);
      })();
    } catch (error) {
      throw new LarderError("StoreUnusable", `The store cannot be written: ${(error as Error).message}.`, {
        cause: error,
      });
    }
  }
}

function prepare(database: Database): void {
  database.run(`PRAGMA busy_timeout = ${lockWaitMs}`);
  database.run("PRAGMA locking_mode = EXCLUSIVE");
  database.run("PRAGMA journal_mode = WAL");
  database.run("PRAGMA synchronous = FULL");
  const check = database.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get();
  if (check?.quick_check !== "ok") throw new Error("its content is damaged");
  const version = database.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;
  if (version > schemaVersion) throw new Error("it was written by a newer version of Larder");
  database.transaction(() => {
    database.run(
      "CREATE TABLE IF NOT EXISTS documents (key TEXT PRIMARY KEY, value TEXT NOT NULL, revision INTEGER NOT NULL) WITHOUT ROWID",
    );
    database.run("CREATE INDEX IF NOT EXISTS documents_by_revision ON documents (revision)");
    database.run(
      "CREATE TABLE IF NOT EXISTS deletions (key TEXT PRIMARY KEY, revision INTEGER NOT NULL) WITHOUT ROWID",
    );
    database.run(
      "CREATE TABLE IF NOT EXISTS head (only INTEGER PRIMARY KEY CHECK (only = 1), revision INTEGER NOT NULL)",
    );
    database.run("INSERT OR IGNORE INTO head VALUES (1, 0)");
    database.run("DELETE FROM deletions");
    database.run(`PRAGMA user_version = ${schemaVersion}`);
  })();
}

/** The least text greater than every one that starts with `prefix`. Keys are shorter than U+10FFFF is likely. */
function prefixEnd(prefix: string): string {
  return `${prefix}\u{10ffff}`;
}
