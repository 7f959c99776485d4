/**
 * The store on one machine: a SQLite file, write-ahead log, synced at every commit. One process may have it open; the
 * file's lock says so to the others and ends with the process, however it dies.
 *
 * Documents are sealed, each under its key; keys are not. What was read lately is kept in memory, opened and frozen: all who read
 * share it.
 *
 * Deleted keys leave a row in `deletions`, so that watches can report them. As all watchers live in this process, those
 * rows start empty at each opening and only the newest are kept.
 */
import { Database, type Statement } from "bun:sqlite";
import { closeSync, openSync } from "node:fs";
import { LarderError } from "@larder/api";
import { type SecretBox, sealedBy } from "@larder/service";
import { DocumentMemory } from "./document-memory.ts";
import { ListingMemory } from "./listing-memory.ts";
import type { Listing, SealedStore, StoreChange, StoredDocument, Transaction, TransactionOutcome } from "./store.ts";

/** 1: documents were not sealed. */
const schemaVersion = 2;
const deletionsKeptMax = 10_000;
/** Another process that is about to end gives up its lock within this time. */
const lockWaitMs = 2_000;
/** Documents that are sealed anew in one transaction. */
const resealedAtOnce = 200;

interface Row {
  key: string;
  value: string | null;
  revision: number;
}
type Place = Omit<Row, "value">;

export class SqliteStore implements SealedStore {
  readonly #database: Database;
  readonly #wakeups = new Set<() => void>();
  readonly #memory = new DocumentMemory();
  readonly #listings = new ListingMemory((key) => this.#read(key));
  readonly #get: Statement<Row, [string]>;
  readonly #list: Statement<Place, [string, string]>;
  readonly #changes: Statement<Row, [number, string, string, number, string, string]>;
  #revision: number;
  #box: SecretBox;

  /** Throws StoreUnusable when the file cannot be opened, is not a sound store, or is sealed with a key that is not in the box. */
  static open(path: string, box: SecretBox): SqliteStore {
    let database: Database | undefined;
    try {
      closeSync(openSync(path, "a", 0o600));
      database = new Database(path, { readwrite: true, strict: true });
      prepare(database);
      requireKey(database, box);
      return new SqliteStore(database, box);
    } catch (error) {
      database?.close();
      if (error instanceof LarderError) throw error;
      throw new LarderError("StoreUnusable", `The store ${path} cannot be opened: ${(error as Error).message}.`, {
        cause: error,
      });
    }
  }

  private constructor(database: Database, box: SecretBox) {
    this.#database = database;
    this.#box = box;
    this.#get = database.prepare("SELECT key, value, revision FROM documents WHERE key = ?");
    this.#list = database.prepare("SELECT key, revision FROM documents WHERE key >= ? AND key < ? ORDER BY key");
    // The plus keeps SQLite from going through all keys of the range: few are as new.
    this.#changes = database.prepare(
      `SELECT key, value, revision FROM documents WHERE revision > ? AND +key >= ? AND +key < ?
       UNION ALL SELECT key, NULL, revision FROM deletions WHERE revision > ? AND +key >= ? AND +key < ?
       ORDER BY revision, key`,
    );
    const row = database.query<{ revision: number }, []>("SELECT revision FROM head").get();
    this.#revision = row?.revision ?? 0;
  }

  async get<T>(key: string): Promise<StoredDocument<T> | undefined> {
    return this.#read(key) as StoredDocument<T> | undefined;
  }

  async list<T>(prefix: string): Promise<Listing<T>> {
    const documents = (this.#listings.get(prefix) ?? this.#readAll(prefix)) as readonly StoredDocument<T>[];
    return { revision: this.#revision, documents };
  }

  async transact(transaction: Transaction): Promise<TransactionOutcome> {
    for (const { key, revision } of transaction.require ?? [])
      if ((this.#read(key)?.revision ?? 0) !== revision) return { committed: false, conflictKey: key };
    const revision = this.#revision + 1;
    this.#write(transaction, revision);
    this.#revision = revision;
    const written = [...(transaction.put ?? []).map(({ key }) => key), ...(transaction.delete ?? [])];
    this.#memory.forget(written);
    this.#listings.written(written);
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

  async reseal(box: SecretBox): Promise<number> {
    requireAllKeys(this.#database, box);
    this.#box = box;
    const { mark } = box;
    const others = this.#database.query<Row, [number, string, number]>(
      "SELECT key, value, revision FROM documents WHERE substr(value, 1, ?) <> ? LIMIT ?",
    );
    let count = 0;
    for (;;) {
      const rows = others.all(mark.length, mark, resealedAtOnce);
      if (rows.length === 0) break;
      this.#database.transaction(() => {
        for (const { key, value } of rows) this.#sealAnew(key, value as string);
      })();
      count += rows.length;
      await Bun.sleep(0);
    }
    // Nothing of what was there is to stay in the log beside the file.
    this.#database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    return count;
  }

  #sealAnew(key: string, text: string): void {
    const sealed = this.#box.seal(openText(text, key, this.#box), key);
    this.#database.query("UPDATE documents SET value = ? WHERE key = ?").run(sealed, key);
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
      value: row.value === null ? undefined : this.#read(row.key)?.value,
    }));
  }

  #readAll(prefix: string): StoredDocument[] {
    const documents = this.#list.all(prefix, prefixEnd(prefix)).map(({ key }) => this.#read(key) as StoredDocument);
    this.#listings.keep(prefix, documents);
    return documents;
  }

  #read(key: string): StoredDocument | undefined {
    const known = this.#memory.get(key);
    if (known !== undefined) return known;
    const row = this.#get.get(key);
    if (row === null) return undefined;
    const value: unknown = JSON.parse(openText(row.value as string, key, this.#box));
    return this.#memory.keep({ key, value, revision: row.revision });
  }

  #write(transaction: Transaction, revision: number): void {
    const database = this.#database;
    try {
      database.transaction(() => {
        for (const { key, value } of transaction.put ?? []) {
          const sealed = this.#box.seal(JSON.stringify(value), key);
          database.query("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)").run(key, sealed, revision);
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
  database.run("PRAGMA secure_delete = ON");
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
    database.run("CREATE INDEX IF NOT EXISTS deletions_by_revision ON deletions (revision)");
    database.run(
      "CREATE TABLE IF NOT EXISTS head (only INTEGER PRIMARY KEY CHECK (only = 1), revision INTEGER NOT NULL)",
    );
    database.run("INSERT OR IGNORE INTO head VALUES (1, 0)");
    database.run("DELETE FROM deletions");
    database.run(`PRAGMA user_version = ${schemaVersion}`);
  })();
}

/** Any document will do: all are sealed with a key of the box, or none is. */
function requireKey(database: Database, box: SecretBox): void {
  const row = database.query<Row, []>("SELECT key, value, revision FROM documents LIMIT 1").get();
  if (row !== null) openText(row.value as string, row.key, box);
}

/** As another key file may have taken the place of the one that the store was opened with. */
function requireAllKeys(database: Database, box: SecretBox): void {
  const marks = database
    .query<{ mark: string }, [number]>("SELECT DISTINCT substr(value, 1, ?) AS mark FROM documents")
    .all(box.mark.length);
  const missing = marks.map(({ mark }) => sealedBy(mark)).find((keyId) => keyId !== undefined && !box.has(keyId));
  if (missing === undefined) return;
  throw new LarderError(
    "StoreUnusable",
    `The store is sealed with the key ${missing}, which is not among those that are there now: put it back, or the service cannot start again.`,
  );
}

function openText(text: string, key: string, box: SecretBox): string {
  return sealedBy(text) === undefined ? text : box.open(text, key);
}

/** The least text greater than every one that starts with `prefix`. Keys are shorter than U+10FFFF is likely. */
function prefixEnd(prefix: string): string {
  return `${prefix}\u{10ffff}`;
}
