/** Reading PostgreSQL through a cache, over the Pool of `pg` that the application has (read-through/row-cache.ts). */
import type { Pool, PoolClient } from "pg";
import type { Row } from "../change.ts";
import type { ReadCache, ReadThroughOptions, RowsAt } from "../read-through/row-cache.ts";
import { type SqlDialect, SqlReadThrough } from "../read-through/sql-read-through.ts";

export type PostgresReadThrough<Tables extends object> = SqlReadThrough<Tables, readonly unknown[], PoolClient>;

/** `Tables` names the type of a row for each table. Connects to nothing before its first use. */
export function readThrough<Tables extends object = Record<string, Row>>(
  cache: ReadCache,
  pool: Pool,
  options: ReadThroughOptions<Tables> = {},
): PostgresReadThrough<Tables> {
  return new SqlReadThrough(cache, new PostgresDialect(pool), options);
}

class PostgresDialect implements SqlDialect<readonly unknown[], PoolClient> {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async ask<T>(sql: string, parameters: readonly unknown[] = []): Promise<T[]> {
    return (await this.#pool.query(sql, [...parameters])).rows as T[];
  }

  rowsById({ table, primaryKey, ids }: RowsAt): Promise<object[]> {
    const sql = `SELECT * FROM ${table.split(".").map(quoted).join(".")} WHERE ${quoted(primaryKey)} = ANY($1)`;
    return this.ask<object>(sql, [ids.map(String)]);
  }

  async transaction<T>(work: (tx: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    let lost: Error | undefined;
    try {
      await client.query("BEGIN");
      const result = await work(client);
      const { command } = await client.query("COMMIT");
      if (command === "ROLLBACK") throw new Error("The transaction was rolled back, as a statement in it had failed.");
      return result;
    } catch (error) {
      await client.query("ROLLBACK").catch((reason: Error) => {
        lost = reason;
      });
      throw error;
    } finally {
      client.release(lost);
    }
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
