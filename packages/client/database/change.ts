/**
 * One row that changed in a database, as every source tells it.
 *
 * A row holds the columns that are known. One that exists and is not known (an old row of which only the key was logged, a large
 * value that an update left alone) throws UnknownColumn when it is read, so that a mapping never takes "not known" for "empty".
 */
export type ChangeKind = "insert" | "update" | "delete" | "truncate";

// biome-ignore lint/suspicious/noExplicitAny: columns have the types that the driver gives them, and a mapping says which
export type Row = Readonly<Record<string, any>>;

export interface Change {
  /** Without the schema where that is the default one ("public", or the database of the connection), else "schema.table". */
  table: string;
  kind: ChangeKind;
  /** As it is after the change; null for a delete and a truncate. */
  row: Row | null;
  /** As it was before, as far as it is known; null for an insert and a truncate. An update always has one. */
  old: Row | null;
  /** Where in the source's log it is. Text that only the source understands. */
  position: string;
  /** When its transaction was committed, by the database's clock. */
  committedAtMs: number;
}

/** A mapping read a column that exists, but of which the database logged nothing. */
export class UnknownColumn extends Error {
  override readonly name = "UnknownColumn";
  readonly code = "UNKNOWN_COLUMN";

  constructor(column: string, why: string) {
    super(`The column ${column} is not known of this row: ${why}`);
  }
}

/** A row of the known columns; reading one of `unknown` throws UnknownColumn, which says `why`. */
export function partialRow(known: Row, unknown: readonly string[], why: string): Row {
  if (unknown.length === 0) return known;
  const row = { ...known };
  for (const column of unknown)
    Object.defineProperty(row, column, {
      get: () => {
        throw new UnknownColumn(column, why);
      },
    });
  return row;
}
