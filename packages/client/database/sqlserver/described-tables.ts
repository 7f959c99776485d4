/** What SQL Server says of the tables that are to be followed, or why they cannot be. Pure. */
import { DatabaseRefused } from "../source.ts";
import { bracketed, quoted, type TrackedTable } from "./statements.ts";

/** A row of the first result of `describeStatement`. */
export interface DescribedDatabase {
  name: string;
  /** null: change tracking is off. */
  version: string | null;
}

/** A row of the second: a column of a table, or one row without a column for a table that there is not. */
export interface DescribedColumn {
  place: number;
  object: number | null;
  /** null: not tracked, or not permitted. */
  minimum: string | null;
  tracked: number;
  name: string | null;
  /** Its place in the primary key. */
  ordinal: number | null;
}

/** Throws DatabaseRefused with the statement that mends it. */
export function trackedTables(
  database: DescribedDatabase,
  columns: readonly DescribedColumn[],
  tables: readonly string[],
): TrackedTable[] {
  if (database.version === null)
    throw new DatabaseRefused(
      "LOG_NOT_AVAILABLE",
      `Change tracking is off. Run: ALTER DATABASE ${bracketed(database.name)} SET CHANGE_TRACKING = ON (CHANGE_RETENTION = 2 DAYS, AUTO_CLEANUP = ON)`,
    );
  return tables.map((name, place) =>
    trackedTable(
      name,
      columns.filter((column) => column.place === place),
    ),
  );
}

function trackedTable(name: string, columns: readonly DescribedColumn[]): TrackedTable {
  const [first] = columns;
  if (first === undefined || first.object === null)
    throw new DatabaseRefused("TABLE_UNKNOWN", `There is no table ${quoted(name)}, or this login may not see it.`);
  const keys = columns
    .filter(({ ordinal }) => ordinal !== null)
    .sort((a, b) => Number(a.ordinal) - Number(b.ordinal))
    .map((column) => String(column.name));
  if (first.tracked === 0)
    throw new DatabaseRefused(
      "LOG_NOT_AVAILABLE",
      keys.length === 0
        ? `${quoted(name)} has no primary key, which change tracking needs.`
        : `${quoted(name)} is not tracked. Run: ALTER TABLE ${quoted(name)} ENABLE CHANGE_TRACKING`,
    );
  if (first.minimum === null)
    throw new DatabaseRefused(
      "PERMISSION_DENIED",
      `This login may not read the changes of ${quoted(name)}. Run: GRANT SELECT, VIEW CHANGE TRACKING ON ${quoted(name)} TO the user`,
    );
  return { name, keys, columns: columns.map((column) => String(column.name)) };
}
