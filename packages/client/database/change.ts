/**
 * One row that changed in a database, as every source tells it.
 *
 * A row holds the columns that are known. Reading any other (of an old row of which only the key was logged, a large value that
 * an update left alone, a name that is misspelt) throws UnknownColumn, so that a mapping never takes "not known" for "empty".
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

/** A mapping read a column of which nothing is known: the database logged nothing of it, or the table has none of that name. */
export class UnknownColumn extends Error {
  override readonly name = "UnknownColumn";
  readonly code = "UNKNOWN_COLUMN";

  constructor(column: string, why: string) {
    super(`The column ${column} is not known of this row: ${why}`);
  }
}

/** A row of the known columns. Reading another throws UnknownColumn, which says why. */
export function rowOf(known: Record<string, unknown>, whyUnknown: (column: string) => string): Row {
  return new Proxy(known, {
    get(columns, name) {
      if (typeof name === "symbol" || name in columns) return columns[name as string];
      // Asked by JSON.stringify and by await, of whatever they are given.
      if (name === "toJSON" || name === "then") return undefined;
      throw new UnknownColumn(name, whyUnknown(name));
    },
  });
}
