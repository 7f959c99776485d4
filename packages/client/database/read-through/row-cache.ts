/**
 * "Look in the cache, else in the database, then fill" for rows, and writes that take out of the cache what they change. What is the
 * same for all databases; how one is asked is its dialect's.
 *
 * A write invalidates after its commit, and the fence makes that enough: a row that was read before the invalidation is
 * never stored after it, in any process, so that no value from before a write stays. Until the invalidation, for
 * about a round trip after the commit, the value from before may be served. What the cache server could not be told is told as soon as
 * it is there again; a process that dies in between leaves the old value until its `ttl`, unless the database is followed, too.
 */
import type { Cache } from "../../cache/cache.ts";
import { writtenOut } from "../../cache/names.ts";
import type { EntryOptions, Key, LoadContext } from "../../cache/options.ts";
import { type Clock, systemClock } from "../../clock.ts";
import type { Invalidation } from "../mapping.ts";
import { Untold } from "./untold.ts";

export type ReadCache = Pick<Cache, "getOrLoad" | "getMany" | "invalidate" | "invalidateTags" | "clear">;

/** What is kept together under a key that begins with the name: a table, a container. */
export interface FamilyOptions extends EntryOptions {
  /** "id" unless given. */
  primaryKey?: string;
}

export interface ReadThroughOptions<Tables> {
  /** For the entries of a table where the call says nothing else. */
  tables?: { readonly [Name in keyof Tables]?: FamilyOptions };
  /** For the results of queries where the call says nothing else. */
  queries?: EntryOptions;
  clock?: Clock;
}

export interface QueryOptions extends EntryOptions {
  /** Made of the statement and its parameters unless given. */
  key?: Key;
}

export interface WriteOptions<T> {
  /** What is not right any more after the commit; of what the work returned, if that decides. */
  invalidates: Invalidation | ((result: T) => Invalidation);
}

/** A primary key of one column. */
export type RowId = string | number | bigint;

/** The key of a row's entry, as for the mapping of a follower. */
export function rowKey(table: string, id: RowId): Key {
  return [table, id];
}

export interface RowsAt {
  table: string;
  primaryKey: string;
  ids: readonly RowId[];
}

export interface RowSource {
  /** Those that there are, in any order. */
  rowsById(at: RowsAt): Promise<readonly object[]>;
}

export class RowCache<Tables> {
  readonly #cache: ReadCache;
  readonly #source: RowSource;
  readonly #options: ReadThroughOptions<Tables>;
  readonly #untold: Untold;

  constructor(cache: ReadCache, source: RowSource, options: ReadThroughOptions<Tables>) {
    this.#cache = cache;
    this.#source = source;
    this.#options = options;
    this.#untold = new Untold(cache, options.clock ?? systemClock);
  }

  /** How many keys and tags of writes the cache server was not told of yet. */
  get untold(): number {
    return this.#untold.count;
  }

  row<T>(table: string, id: RowId, options?: EntryOptions): T | null | Promise<T | null> {
    const { primaryKey, ...entry } = this.#familyOf(table, options);
    const load = async () => this.#find({ table, primaryKey, ids: [id] }).then(([row]) => row as T | null | undefined);
    const row = this.#cache.getOrLoad<T | null | undefined>(rowKey(table, id), load, entry);
    const orAlias = (found: T | null | undefined) =>
      found === undefined ? this.#alias<T>({ table, primaryKey, ids: [id] }) : found;
    return row instanceof Promise ? row.then(orAlias) : orAlias(row);
  }

  async rows<T>(table: string, ids: readonly RowId[], options?: EntryOptions): Promise<(T | null)[]> {
    const { primaryKey, ...entry } = this.#familyOf(table, options);
    const keys = ids.map((id) => rowKey(table, id));
    const loadMissing = (missing: readonly Key[]) =>
      this.#find({ table, primaryKey, ids: missing.map((key) => key[1] as RowId) }) as Promise<
        (T | null | undefined)[]
      >;
    const rows = await this.#cache.getMany<T | null | undefined>(keys, loadMissing, entry);
    return Promise.all(
      rows.map(
        (row, index) =>
          row ?? (row === null ? null : this.#alias<T>({ table, primaryKey, ids: [ids[index] as RowId] })),
      ),
    );
  }

  /** `identity` names the statement and its parameters where no key was given. */
  result<T>(
    identity: () => string,
    load: (context: LoadContext) => Promise<T>,
    { key, ...entry }: QueryOptions = {},
  ): T | Promise<T> {
    return this.#cache.getOrLoad<T>(key ?? ["query", identity()], load, { ...this.#options.queries, ...entry });
  }

  /**
   * Takes out of the cache what the write says once its transaction has ended. Also where the commit failed, as it may have been done
   * all the same; not where the work did, which never came to one.
   */
  async write<T, Transaction>(
    transaction: (work: (tx: Transaction) => Promise<T>) => Promise<T>,
    work: (tx: Transaction) => Promise<T>,
    { invalidates }: WriteOptions<T>,
  ): Promise<T> {
    let stale: Invalidation | undefined;
    try {
      return await transaction(async (tx) => {
        const result = await work(tx);
        stale = checked(typeof invalidates === "function" ? invalidates(result) : invalidates);
        return result;
      });
    } finally {
      if (stale !== undefined) await this.#untold.tell(stale);
    }
  }

  /** For work that is not all or nothing: what is known beforehand to be stale after it is taken out though it fails. */
  async writeInParts<T>(work: () => Promise<T>, { invalidates }: WriteOptions<T>): Promise<T> {
    if (typeof invalidates === "function") return this.write((inner) => inner(undefined), work, { invalidates });
    const stale = checked(invalidates);
    try {
      return await work();
    } finally {
      await this.#untold.tell(stale);
    }
  }

  /** Ends the telling of what the cache server could not be told. */
  close(): void {
    this.#untold.close();
  }

  /** A row for each id; null where there is none; undefined where it may be one that the database writes otherwise. */
  async #find(at: RowsAt): Promise<(object | null | undefined)[]> {
    const found = await this.#source.rowsById(at);
    const byId = new Map(found.map((row) => [String((row as Record<string, unknown>)[at.primaryKey]), row]));
    const matched = at.ids.map((id) => byId.get(String(id)));
    const areAllMatched = new Set(matched.filter((row) => row !== undefined)).size === found.length;
    return matched.map((row) => row ?? (areAllMatched ? null : undefined));
  }

  /**
   * By an id that the database takes for another ("01" for 1, a letter's case). Never stored: what changes the row invalidates the key
   * with the id as the database writes it.
   */
  async #alias<T>(at: RowsAt): Promise<T | null> {
    const [row] = await this.#source.rowsById(at);
    return (row ?? null) as T | null;
  }

  #familyOf(table: string, given: EntryOptions | undefined): FamilyOptions & { primaryKey: string } {
    const tables = this.#options.tables as Readonly<Record<string, FamilyOptions>> | undefined;
    return { primaryKey: "id", ...(tables && Object.hasOwn(tables, table) ? tables[table] : undefined), ...given };
  }
}

/** Before the commit: what cannot be invalidated must not be committed. */
function checked(invalidation: Invalidation): Invalidation {
  if (typeof invalidation !== "object" || invalidation === null)
    throw new TypeError("invalidates has to be, or to return, an object of keys and tags.");
  for (const key of invalidation.keys ?? []) writtenOut(key);
  for (const tag of invalidation.tags ?? [])
    if (typeof tag !== "string" || tag === "")
      throw new TypeError("invalidates.tags has to hold texts that are not empty.");
  return invalidation;
}
