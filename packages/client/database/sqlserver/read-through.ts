/** Reading SQL Server through a cache, over the ConnectionPool of `mssql` that the application has (read-through/row-cache.ts). */
import type { ConnectionPool, Request, Transaction } from "mssql";
import type { Row } from "../change.ts";
import type { ReadCache, ReadThroughOptions, RowsAt } from "../read-through/row-cache.ts";
import { type SqlDialect, SqlReadThrough } from "../read-through/sql-read-through.ts";
import { bracketed, quoted } from "./statements.ts";

/** By name, without the "@". */
export type SqlParameters = Readonly<Record<string, unknown>>;

export type SqlServerReadThrough<Tables extends object> = SqlReadThrough<Tables, SqlParameters, Transaction>;

/** SQL Server takes 2,100 parameters in a statement. */
const idsMax = 1_000;

/** `Tables` names the type of a row for each table. The pool has to be connected before the first use. */
export function readThrough<Tables extends object = Record<string, Row>>(
  cache: ReadCache,
  pool: ConnectionPool,
  options: ReadThroughOptions<Tables> = {},
): SqlServerReadThrough<Tables> {
  return new SqlReadThrough(cache, new SqlServerDialect(pool), options);
}

class SqlServerDialect implements SqlDialect<SqlParameters, Transaction> {
  readonly #pool: ConnectionPool;

  constructor(pool: ConnectionPool) {
    this.#pool = pool;
  }

  /** Of the first result. */
  async ask<T>(sql: string, parameters: SqlParameters = {}): Promise<T[]> {
    const request = Object.entries(parameters).reduce<Request>(
      (asked, [name, value]) => asked.input(name, value),
      this.#pool.request(),
    );
    // An array without the properties that the package adds to it.
    return [...(await request.query<T>(sql)).recordset] as T[];
  }

  async rowsById({ table, primaryKey, ids }: RowsAt): Promise<object[]> {
    const found: object[] = [];
    for (let from = 0; from < ids.length; from += idsMax) {
      const parameters = Object.fromEntries(ids.slice(from, from + idsMax).map((id, index) => [`id${index}`, id]));
      const names = Object.keys(parameters).map((name) => `@${name}`);
      const sql = `SELECT * FROM ${quoted(table)} WHERE ${bracketed(primaryKey)} IN (${names.join(", ")})`;
      found.push(...(await this.ask<object>(sql, parameters)));
    }
    return found;
  }

  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const transaction = this.#pool.transaction();
    await transaction.begin();
    try {
      const result = await work(transaction);
      await transaction.commit();
      return result;
    } catch (error) {
      // One that SQL Server has rolled back by itself says so with an error of its own.
      await transaction.rollback().catch(() => {});
      throw error;
    }
  }
}
