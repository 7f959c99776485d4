/**
 * Change tracking of SQL Server and Azure SQL, over the connection pool of `mssql` that the application has. The position is the version of the
 * database; it is kept in the cache server.
 *
 * Change tracking says which rows changed since a version, by their primary key: of several changes of a row what remains of them, and
 * nothing of what the row was before. What it has cleaned up, and a table that was truncated, are told as "anew".
 * A replica that an application reads may be behind: each change is invalidated twice.
 */
import { durationMs } from "../../duration.ts";
import { FeedQueue } from "../feed-queue.ts";
import { Gate } from "../gate.ts";
import { type ChangeSource, DatabaseRefused, type OpenFeed, type OpenOptions } from "../source.ts";
import { type DescribedColumn, type DescribedDatabase, trackedTables } from "./described-tables.ts";
import { ask, Look } from "./look.ts";
import { type SqlServerPool, type SqlServerSourceOptions, sqlServerLimits } from "./options.ts";
import { describeStatement, type TrackedTable } from "./statements.ts";

/** Throws a TypeError for options that cannot be. Nothing is asked before the follower starts. */
export function sqlServerSource(options: SqlServerSourceOptions): ChangeSource {
  const { pool, pollEvery = sqlServerLimits.pollMs, changesMax = sqlServerLimits.changesMax } = options;
  if (typeof pool?.request !== "function") throw new TypeError("pool has to be a ConnectionPool of mssql.");
  if (!(Number.isInteger(changesMax) && changesMax > 0))
    throw new TypeError("changesMax has to be an integer above 0.");
  const settings = { pool, pollMs: durationMs(pollEvery, "pollEvery"), changesMax };
  return { system: "microsoft.sql_server", keepsPosition: false, open: (at) => open(settings, at) };
}

interface Settings {
  pool: SqlServerPool;
  pollMs: number;
  changesMax: number;
}

async function open({ pool, pollMs, changesMax }: Settings, at: OpenOptions): Promise<OpenFeed> {
  const tables = await describe(pool, at.tables);
  const look = new Look({ pool, tables, changesMax, clock: at.clock, since: parsePosition(at.position) });
  const gate = new Gate();
  const queue = new FeedQueue({ changesMax, pause: () => gate.shut(), resume: () => gate.open() });
  at.signal.addEventListener("abort", () => queue.close(), { once: true });
  const first = await look.once();
  if (first !== null) queue.push(first);
  poll().catch((error) => queue.fail(error));
  return { items: queue.items(), acknowledge: () => {}, waiting: () => queue.waiting };

  async function poll(): Promise<void> {
    while (!at.signal.aborted) {
      await at.clock.sleep(pollMs, at.signal);
      await gate.passed(at.signal);
      const item = await look.once();
      if (item !== null) queue.push(item);
    }
  }
}

async function describe(pool: SqlServerPool, names: readonly string[]): Promise<TrackedTable[]> {
  try {
    if (!pool.connected) await pool.connect();
    const [[database], columns] = await ask<[[DescribedDatabase], DescribedColumn[]]>(pool, describeStatement(names));
    return trackedTables(database, columns, names);
  } catch (error) {
    throw refusalOf(error) ?? error;
  }
}

/** What is no position of this source is none at all: everything is cleared. */
function parsePosition(position: string | null): bigint | null {
  return position !== null && /^\d{1,19}$/.test(position) ? BigInt(position) : null;
}

/** The package's code for a login that fails, and SQL Server's numbers for what a user may not. */
function refusalOf(error: unknown): DatabaseRefused | undefined {
  const { code, number, message } = error as { code?: unknown; number?: unknown; message?: unknown };
  if (code !== "ELOGIN" && ![229, 230, 297, 300].includes(Number(number))) return undefined;
  return new DatabaseRefused("PERMISSION_DENIED", `SQL Server refuses this login: ${message}`, { cause: error });
}
