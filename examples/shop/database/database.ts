/** PostgreSQL as the shop uses it: a pool, prepared statements, and a count of the queries, which the page /live shows. */
import pg from "pg";

/** Prepared once in each connection, under its name. */
export interface Statement {
  name: string;
  text: string;
}

export interface Queries {
  rows<Row>(statement: Statement, values?: readonly unknown[]): Promise<Row[]>;
}

const connectionsMax = 10;

export class Database implements Queries {
  readonly #pool: pg.Pool;
  #queries = 0;

  constructor(url: string) {
    this.#pool = new pg.Pool({ connectionString: url, max: connectionsMax });
    this.#pool.on("error", (error) => console.error(`a database connection was lost: ${error.message}`));
  }

  /** Since the start. */
  get queries(): number {
    return this.#queries;
  }

  rows<Row>(statement: Statement, values: readonly unknown[] = []): Promise<Row[]> {
    return this.#rows(this.#pool, statement, values);
  }

  /** What `work` throws undoes it all. */
  async transaction<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    try {
      await client.query("BEGIN");
      const result = await work({ rows: (statement, values = []) => this.#rows(client, statement, values) });
      await client.query("COMMIT");
      client.release();
      return result;
    } catch (error) {
      await client.query("ROLLBACK").catch(() => {});
      client.release(true);
      throw error;
    }
  }

  end(): Promise<void> {
    return this.#pool.end();
  }

  async #rows<Row>(on: pg.Pool | pg.PoolClient, statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    this.#queries++;
    const { rows } = await on.query({ ...statement, values: [...values] });
    return rows as Row[];
  }
}
