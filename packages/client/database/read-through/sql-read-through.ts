/** Reading an SQL database through a cache: the same for all of them, in the words of their drivers. */
import type { EntryOptions } from "../../cache/options.ts";
import type { Row } from "../change.ts";
import {
  type QueryOptions,
  type ReadCache,
  type ReadThroughOptions,
  RowCache,
  type RowId,
  type RowSource,
  type WriteOptions,
} from "./row-cache.ts";
import { statementIdentity } from "./statement-identity.ts";

/** How a database is asked, by its driver. */
export interface SqlDialect<Parameters, Transaction> extends RowSource {
  ask<T>(sql: string, parameters: Parameters | undefined): Promise<T[]>;
  /** Commits after the work; rolls back, and rejects with the same, where it or the commit fails. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
}

/** `Tables` names the type of a row for each table, `Parameters` is what the driver takes, `Transaction` what it gives. */
export class SqlReadThrough<Tables extends object, Parameters, Transaction> {
  readonly #dialect: SqlDialect<Parameters, Transaction>;
  readonly #rows: RowCache<Tables>;

  constructor(cache: ReadCache, dialect: SqlDialect<Parameters, Transaction>, options: ReadThroughOptions<Tables>) {
    this.#dialect = dialect;
    this.#rows = new RowCache(cache, dialect, options);
  }

  /** How many keys and tags of writes the cache server was not told of yet. */
  get untold(): number {
    return this.#rows.untold;
  }

  /**
   * The row of "table" or "schema.table" with this primary key, under the key `[table, id]`; null where there is none. Synchronous
   * where the first level has it. Rejects with what the database does.
   */
  row<Name extends keyof Tables & string>(
    table: Name,
    id: RowId,
    options?: EntryOptions,
  ): Tables[Name] | null | Promise<Tables[Name] | null> {
    return this.#rows.row<Tables[Name]>(table, id, options);
  }

  /** Those with these primary keys, in their order; null where there is none. All that the cache does not have are asked for at once. */
  rows<Name extends keyof Tables & string>(
    table: Name,
    ids: readonly RowId[],
    options?: EntryOptions,
  ): Promise<(Tables[Name] | null)[]> {
    return this.#rows.rows<Tables[Name]>(table, ids, options);
  }

  /** All rows of a statement's result. */
  query<T = Row>(sql: string, parameters?: Parameters, options?: QueryOptions): T[] | Promise<T[]> {
    const load = () => this.#dialect.ask<T>(sql, parameters);
    return this.#rows.result(() => statementIdentity(sql, parameters), load, options);
  }

  /** The first row of a statement's result; null where there is none. */
  one<T = Row>(sql: string, parameters?: Parameters, options?: QueryOptions): T | null | Promise<T | null> {
    const load = async () => (await this.#dialect.ask<T>(sql, parameters))[0] ?? null;
    return this.#rows.result(() => `one ${statementIdentity(sql, parameters)}`, load, options);
  }

  /**
   * Runs the work in a transaction, and invalidates after its commit. Rejects with what the work does, rolled back. The
   * cache never makes it fail: what it could not be told, it is told later.
   */
  write<T>(work: (tx: Transaction) => Promise<T>, options: WriteOptions<T>): Promise<T> {
    return this.#rows.write((inner: typeof work) => this.#dialect.transaction(inner), work, options);
  }

  /** Ends what it does by itself. The database's pool and the cache stay. */
  close(): void {
    this.#rows.close();
  }
}
