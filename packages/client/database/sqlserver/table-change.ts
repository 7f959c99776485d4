/** Rows of CHANGETABLE, joined with the table as it is now, as changes. Pure. */
import { type Change, type Row, rowOf } from "../change.ts";
import type { TrackedTable } from "./statements.ts";

/** `#operation` is I, U or D; `#0`, `#1`, …: the primary key; the rest: the row as it is now, all null if it is gone. */
export type TrackedRow = Readonly<Record<string, unknown>>;

const why = "change tracking keeps the primary key of a changed row and nothing else of what it was before.";

/** More than `changesMax` are one change of the whole table. Changes of a table are what remains of several: the last one of each row. */
export function changesOf(
  rows: readonly TrackedRow[],
  at: { table: TrackedTable; position: string; committedAtMs: number; changesMax: number },
): Change[] {
  const { table, position, committedAtMs } = at;
  const told = { table: table.name, position, committedAtMs };
  if (rows.length > at.changesMax) return [{ ...told, kind: "truncate", row: null, old: null }];
  return rows.map((row) => {
    const before = rowBefore(row, table);
    const now = rowNow(row, table);
    const operation = row["#operation"];
    // A row that is gone by now was deleted after this change, which is told later.
    if (operation === "D" || now === null) return { ...told, kind: "delete", row: null, old: before };
    // One that was deleted and inserted again between two looks is told as an update.
    if (operation === "I") return { ...told, kind: "insert", row: now, old: null };
    return { ...told, kind: "update", row: now, old: before };
  });
}

function rowBefore(row: TrackedRow, { name, keys, columns }: TrackedTable): Row {
  const known = Object.fromEntries(keys.map((key, index) => [key, row[`#${index}`]]));
  return rowOf(known, (column) => (columns.includes(column) ? why : `${name} has no such column.`));
}

function rowNow(row: TrackedRow, { keys }: TrackedTable): Row | null {
  if (keys.some((key) => row[key] === null || row[key] === undefined)) return null;
  return Object.fromEntries(Object.entries(row).filter(([column]) => !column.startsWith("#")));
}
