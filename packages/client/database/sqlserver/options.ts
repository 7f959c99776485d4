/** What following SQL Server is told. */
import type { Duration } from "../../duration.ts";

export const sqlServerLimits = {
  /** How often the tables are asked for changes. */
  pollMs: 250,
  /** More changes of one table between two looks are told as one change of all of it. */
  changesMax: 1_000,
} as const;

/** What of a ConnectionPool of `mssql` is used. */
export interface SqlServerPool {
  readonly connected: boolean;
  connect(): Promise<unknown>;
  request(): { query(sql: string): Promise<{ recordsets: unknown }> };
}

export interface SqlServerSourceOptions {
  /** Of `mssql`. It is connected at the start unless it is already; closing it is the application's. */
  pool: SqlServerPool;
  /** See `sqlServerLimits.pollMs`. */
  pollEvery?: Duration;
  /** See `sqlServerLimits.changesMax`. */
  changesMax?: number;
}
