/** Reading MySQL or MariaDB through a cache, over the Pool of `mysql2/promise` that the application has (read-through/row-cache.ts). */
import type { Pool, PoolConnection, RowDataPacket } from "mysql2/promise";
import type { Row } from "../change.ts";
import type { ReadCache, ReadThroughOptions, RowsAt } from "../read-through/row-cache.ts";
import { type SqlDialect, SqlReadThrough } from "../read-through/sql-read-through.ts";

export type MysqlReadThrough<Tables extends object> = SqlReadThrough<Tables, readonly unknown[], PoolConnection>;

/** `Tables` names the type of a row for each table. Connects to nothing before its first use. */
export function readThrough<Tables extends object = Record<string, Row>>(
  cache: ReadCache,
  pool: Pool,
  options: ReadThroughOptions<Tables> = {},
): MysqlReadThrough<Tables> {
  return new SqlReadThrough(cache, new MysqlDialect(pool), options);
}

class MysqlDialect implements SqlDialect<readonly unknown[], PoolConnection> {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async ask<T>(sql: string, parameters: readonly unknown[] = []): Promise<T[]> {
    const [rows] = await this.#pool.query<RowDataPacket[]>(sql, [...parameters]);
    // Plain objects: what is given out is the same whether it comes from the database or from the cache.
    return rows.map((row) => ({ ...row })) as T[];
  }

  rowsById({ table, primaryKey, ids }: RowsAt): Promise<object[]> {
    const sql = `SELECT * FROM ${table.split(".").map(quoted).join(".")} WHERE ${quoted(primaryKey)} IN (?)`;
    // As text: a number that is compared with a column of text reads every row, and matches more than that text.
    return this.ask<object>(sql, [ids.map(String)]);
  }

  async transaction<T>(work: (tx: PoolConnection) => Promise<T>): Promise<T> {
    const connection = await this.#pool.getConnection();
    let isLost = false;
    try {
      await connection.beginTransaction();
      const result = await work(connection);
      await connection.commit();
      return result;
    } catch (error) {
      await connection.rollback().catch(() => {
        isLost = true;
      });
      throw error;
    } finally {
      if (isLost) connection.destroy();
      else connection.release();
    }
  }
}

function quoted(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}
