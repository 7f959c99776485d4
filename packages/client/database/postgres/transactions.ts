/**
 * Messages of `pgoutput` to batches of changes. A transaction arrives only after its commit, whole and in one piece; a large one leaves
 * in parts of `partMax` changes, so that no more than that is held. Pure but for what it remembers: tables as they were last described,
 * and the transaction that is under way.
 *
 * Old rows: with REPLICA IDENTITY FULL all of one is logged; otherwise its key only, and for an update that left the key alone not even that,
 * as it is that of the new row.
 */
import { type Change, type Row, rowOf } from "../change.ts";
import {
  type Begin,
  MalformedMessage,
  type PgOutputMessage,
  type Relation,
  type RowMessage,
  type Tuple,
} from "./pgoutput.ts";
import { formatLsn } from "./replication-stream.ts";

/** The value of a text as the driver gives it to the application. May throw. */
export type ParseValue = (text: string, typeId: number) => unknown;

export interface TransactionPart {
  changes: Change[];
  xid: number;
  committedUs: bigint;
  /** null: more of it follows. */
  endLsn: bigint | null;
}

export interface TransactionOptions {
  tables: ReadonlySet<string>;
  parseValue: ParseValue;
  partMax: number;
}

export class Transactions {
  readonly #options: TransactionOptions;
  readonly #relations = new Map<number, Relation>();
  #begin: Begin | undefined;
  #changes: Change[] = [];

  constructor(options: TransactionOptions) {
    this.#options = options;
  }

  /** Whether one has begun and not ended. */
  get isOpen(): boolean {
    return this.#begin !== undefined;
  }

  /** What can leave now, if anything can. One without changes of these tables leaves, too: it can be confirmed. */
  take(message: PgOutputMessage): TransactionPart | undefined {
    switch (message.kind) {
      case "begin":
        this.#begin = message;
        return undefined;
      case "commit":
        return this.#end(message.endLsn);
      case "relation":
        this.#relations.set(message.id, message);
        return undefined;
      case "truncate":
        for (const id of message.relationIds) this.#add(this.#relation(id), { kind: "truncate", row: null, old: null });
        return this.#part();
      case "insert":
      case "update":
      case "delete":
        this.#takeRow(message);
        return this.#part();
      case "other":
        return undefined;
    }
  }

  #takeRow(message: RowMessage): void {
    const relation = this.#relation(message.relationId);
    if (!this.#options.tables.has(nameOf(relation))) return;
    const { parseValue } = this.#options;
    const old = message.old === null ? undefined : readTuple(relation, message.old.tuple, parseValue);
    if (message.old?.isKeyOnly === true) keepKey(relation, old);
    const row = message.row === null ? undefined : readTuple(relation, message.row, parseValue, old);
    const before = old ?? (message.kind === "update" ? keepKey(relation, { ...row }) : undefined);
    this.#add(relation, {
      kind: message.kind,
      row: row === undefined ? null : rowWith(row, relation, "unchanged"),
      old: before === undefined ? null : rowWith(before, relation, "not logged"),
    });
  }

  #add(relation: Relation, change: Pick<Change, "kind" | "row" | "old">): void {
    const begin = this.#begin;
    if (begin === undefined) throw new MalformedMessage("a change outside of a transaction");
    const table = nameOf(relation);
    if (!this.#options.tables.has(table)) return;
    const committedAtMs = Number(begin.committedUs / 1_000n);
    this.#changes.push({ table, ...change, position: formatLsn(begin.finalLsn), committedAtMs });
  }

  #relation(id: number): Relation {
    const relation = this.#relations.get(id);
    if (relation === undefined) throw new MalformedMessage("a change of a table that was not described");
    return relation;
  }

  #part(): TransactionPart | undefined {
    if (this.#changes.length < this.#options.partMax) return undefined;
    return this.#leave(null);
  }

  #end(endLsn: bigint): TransactionPart {
    const part = this.#leave(endLsn);
    this.#begin = undefined;
    return part;
  }

  #leave(endLsn: bigint | null): TransactionPart {
    if (this.#begin === undefined) throw new MalformedMessage("a commit without a begin");
    const { xid, committedUs } = this.#begin;
    const changes = this.#changes;
    this.#changes = [];
    return { changes, xid, committedUs, endLsn };
  }
}

function nameOf({ schema, table }: Relation): string {
  return schema === "public" ? table : `${schema}.${table}`;
}

/** The columns that are known; of those that an update left alone, the old value where that is known. */
function readTuple(
  relation: Relation,
  tuple: Tuple,
  parse: ParseValue,
  old?: Record<string, unknown>,
): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const [index, { name, typeId }] of relation.columns.entries()) {
    const value = tuple[index];
    if (value === null) row[name] = null;
    else if (value instanceof Buffer) readValue(row, name, () => parse(value.toString(), typeId));
    else if (old !== undefined && name in old) row[name] = old[name];
  }
  return row;
}

/** A value that the driver cannot read stays unknown. */
function readValue(row: Record<string, unknown>, name: string, read: () => unknown): void {
  try {
    row[name] = read();
  } catch {}
}

function keepKey(relation: Relation, row: Record<string, unknown> | undefined): Record<string, unknown> | undefined {
  for (const { name, isKey } of relation.columns) if (!isKey && row !== undefined) delete row[name];
  return row;
}

function rowWith(known: Record<string, unknown>, relation: Relation, why: "unchanged" | "not logged"): Row {
  return rowOf(known, (column) => {
    if (!relation.columns.some(({ name }) => name === column))
      return `${nameOf(relation)} has no such column, or it is generated.`;
    if (why === "not logged")
      return `the old row was logged with its key only. ALTER TABLE ${nameOf(relation)} REPLICA IDENTITY FULL logs all of it.`;
    return `an update left a large value alone, and it was not logged. ALTER TABLE ${nameOf(relation)} REPLICA IDENTITY FULL logs it.`;
  });
}
