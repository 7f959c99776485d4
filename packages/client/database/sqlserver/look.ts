/** One look after another at the changes of the tables, each from where the last one ended. */
import type { Clock } from "../../clock.ts";
import { DatabaseRefused, type FeedItem } from "../source.ts";
import type { SqlServerPool } from "./options.ts";
import { changesStatement, type TrackedTable } from "./statements.ts";
import { changesOf, type TrackedRow } from "./table-change.ts";

interface LookOptions {
  pool: SqlServerPool;
  tables: readonly TrackedTable[];
  changesMax: number;
  clock: Clock;
  /** The version up to which everything is known; null: nothing is. */
  since: bigint | null;
}

export class Look {
  readonly #at: LookOptions;
  #since: bigint | null;
  /** Whatever is new was committed after this. */
  #lookedMs: number;

  constructor(at: LookOptions) {
    this.#at = at;
    this.#since = at.since;
    this.#lookedMs = at.clock.monotonicMs();
  }

  /** null: nothing happened since the last. */
  async once(): Promise<FeedItem | null> {
    const { pool, tables, changesMax, clock } = this.#at;
    const since = this.#since;
    const committedMs = this.#lookedMs;
    this.#lookedMs = clock.monotonicMs();
    const results = await ask<Results>(pool, changesStatement(tables, since ?? 0n, since === null ? 0 : changesMax));
    const { version, nowMs, rows, minimums } = parseResults(results, tables.length);
    this.#since = version;
    const position = String(version);
    const whyAnew = whyMissed(since, version, minimums, tables);
    if (whyAnew !== undefined) return { kind: "anew", position, why: whyAnew };
    const changes = tables.flatMap((table, index) =>
      changesOf(rows[index] ?? [], { table, position, committedAtMs: nowMs, changesMax }),
    );
    if (changes.length > 0) return { kind: "changes", changes, committedMs, position, isEarly: true };
    return version === since ? null : { kind: "progress", position };
  }
}

type Results = [[{ version: string | null; now: string | number }], ...TrackedRow[][]];

function parseResults([[head], ...rest]: Results, tables: number) {
  if (head.version === null) throw new DatabaseRefused("LOG_NOT_AVAILABLE", "Change tracking was turned off.");
  const minimums = Object.values(rest[tables]?.[0] ?? {});
  if (minimums.length < tables || minimums.includes(null))
    throw new DatabaseRefused(
      "LOG_NOT_AVAILABLE",
      "A table is not tracked any more, or this login may not read its changes.",
    );
  return {
    version: BigInt(head.version),
    nowMs: Number(head.now),
    rows: rest.slice(0, tables),
    minimums: minimums.map((minimum) => BigInt(String(minimum))),
  };
}

function whyMissed(
  since: bigint | null,
  version: bigint,
  minimums: readonly bigint[],
  tables: readonly TrackedTable[],
): string | undefined {
  if (since === null) return "The database is followed for the first time, or the position was lost.";
  if (version < since) return "The database has gone back to an earlier version.";
  const lost = tables.filter((_, index) => (minimums[index] ?? 0n) > since).map(({ name }) => name);
  if (lost.length === 0) return undefined;
  return `Changes of ${lost.join(", ")} since the last look are not kept: they were cleaned up, or the table was truncated.`;
}

/** The results of all statements of a text. */
export async function ask<T>(pool: SqlServerPool, statement: string): Promise<T> {
  return (await pool.request().query(statement)).recordsets as T;
}
