/**
 * Events of a binary log, as the package zongji reads them, to batches of changes. Row images are full, which is checked before (settings.ts).
 * A large transaction leaves in parts of `partMax` changes. Pure but for the transaction that is under way.
 */
import type { AnyBinlogEvent, RowData } from "@vlasky/zongji";
import { type Change, rowOf } from "../change.ts";
import { tablesOf } from "./statements.ts";

export interface BinlogPart {
  changes: Change[];
  /** When it was written, by the server's clock, to the second. */
  writtenMs: number;
  /** false: more of the transaction follows. */
  isEnd: boolean;
}

export interface BinlogOptions {
  /** Names as in `Change.table`. */
  tables: ReadonlySet<string>;
  /** The one whose tables go without it. */
  database: string;
  partMax: number;
}

type RowEvent = Extract<AnyBinlogEvent, { rows: unknown }>;
type Found = Pick<Change, "table" | "kind" | "row" | "old">;

export class BinlogTransactions {
  readonly #options: BinlogOptions;
  #changes: Change[] = [];

  constructor(options: BinlogOptions) {
    this.#options = options;
  }

  /** What can leave now, if anything can. `position`: how far the log is executed, for the changes to say. */
  take(event: AnyBinlogEvent, position: string): BinlogPart | undefined {
    switch (event.getTypeName()) {
      case "WriteRows":
      case "UpdateRows":
      case "DeleteRows":
        this.#add(this.#rowsOf(event as RowEvent), event.timestamp, position);
        return this.#changes.length < this.#options.partMax ? undefined : this.#leave(event, false);
      case "Query":
        return this.#takeStatement(event as Extract<AnyBinlogEvent, { query: string }>, position);
      case "Xid":
        return this.#leave(event, true);
      default:
        return undefined;
    }
  }

  #takeStatement(event: Extract<AnyBinlogEvent, { query: string }>, position: string): BinlogPart | undefined {
    const changed = tablesOf(event.query, this.#options.tables);
    this.#add(
      changed.map((table) => ({ table, kind: "truncate", row: null, old: null })),
      event.timestamp,
      position,
    );
    return /^\s*(BEGIN|SAVEPOINT|XA\s+START|XA\s+END)/i.test(event.query) ? undefined : this.#leave(event, true);
  }

  #leave(event: AnyBinlogEvent, isEnd: boolean): BinlogPart {
    const changes = this.#changes;
    this.#changes = [];
    return { changes, writtenMs: event.timestamp, isEnd };
  }

  #add(found: readonly Found[], committedAtMs: number, position: string): void {
    for (const change of found) this.#changes.push({ ...change, position, committedAtMs });
  }

  #rowsOf(event: RowEvent): Found[] {
    const { parentSchema, tableName } = event.tableMap[event.tableId] ?? { parentSchema: "", tableName: "" };
    const table = parentSchema === this.#options.database ? tableName : `${parentSchema}.${tableName}`;
    if (!this.#options.tables.has(table)) return [];
    const rowFrom = (row: RowData) => rowOf(row, () => `${table} has no such column.`);
    switch (event.getTypeName()) {
      case "WriteRows":
        return (event.rows as RowData[]).map((row) => ({ table, kind: "insert", row: rowFrom(row), old: null }));
      case "DeleteRows":
        return (event.rows as RowData[]).map((row) => ({ table, kind: "delete", row: null, old: rowFrom(row) }));
      default:
        return (event.rows as { before: RowData; after: RowData }[]).map(({ before, after }) => ({
          table,
          kind: "update",
          row: rowFrom(after),
          old: rowFrom(before),
        }));
    }
  }
}
