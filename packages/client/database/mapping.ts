/**
 * What a change means for a cache: the table's mapping says it, once for the row as it is and once for the row as it was, so that
 * a row that moved leaves nothing behind under its old key or tag. Pure.
 *
 * A mapping that cannot tell (it throws, it reads an unknown column, its answer is no invalidation, or there is none for the table)
 * yields the table's fallback, as a value that stays when it should have gone is the worse mistake. So does a truncate, and
 * a transaction with more than `changesMax` changes of one table.
 */
import type { Key } from "../cache/options.ts";
import { type Change, type Row, UnknownColumn } from "./change.ts";

/** What of the cache is no longer right. */
export interface Invalidation {
  keys?: readonly Key[];
  tags?: readonly string[];
}

/** What goes when it is not known which entries a change concerns. */
export type Fallback = Invalidation | "everything";

/** A change from one side. */
export interface MappedChange extends Change {
  /** The row as it is, or, when `side` is "old", as it was. */
  row: Row;
  side: "new" | "old";
}

/** null or undefined: the change concerns nothing that is cached. */
export type TableMapping = (change: MappedChange) => Invalidation | null | undefined;

/** A mapping for each table, and what goes when it cannot tell ("everything" unless given). */
export type TableMappings = Readonly<Record<string, TableMapping | { map: TableMapping; fallback?: Fallback }>>;

export interface PlannedInvalidation {
  keys: Key[];
  tags: string[];
  everything: boolean;
  /** Why a fallback was taken. Once for each table and reason in a batch. */
  troubles: MappingTrouble[];
}

export interface MappingTrouble {
  table: string;
  reason: "no mapping" | "mapping failed" | "unknown column" | "not an invalidation";
  error?: unknown;
}

/** Counts a transaction's changes over the batches in which it comes. */
export class InvalidationPlanner {
  readonly #mappings: TableMappings;
  readonly #changesMax: number;
  readonly #counts = new Map<string, number>();

  constructor(mappings: TableMappings, changesMax: number) {
    this.#mappings = mappings;
    this.#changesMax = changesMax;
  }

  /** `endsTransaction`: false where more of the last transaction comes with the next batch. */
  plan(changes: readonly Change[], endsTransaction: boolean): PlannedInvalidation {
    const plan = new Plan();
    for (const change of changes) this.#planChange(plan, change);
    if (endsTransaction) this.#counts.clear();
    return plan.done();
  }

  #planChange(plan: Plan, change: Change): void {
    const count = (this.#counts.get(change.table) ?? 0) + 1;
    this.#counts.set(change.table, count);
    const given = Object.hasOwn(this.#mappings, change.table) ? this.#mappings[change.table] : undefined;
    if (given === undefined) return plan.fall({ table: change.table, reason: "no mapping" }, "everything");
    const mapping = typeof given === "function" ? given : given.map;
    const fallback = (typeof given === "function" ? undefined : given.fallback) ?? "everything";
    if (change.kind === "truncate" || count > this.#changesMax) return plan.add(fallback);
    for (const side of ["old", "new"] as const) {
      const row = side === "old" ? change.old : change.row;
      if (row !== null) mapSide(plan, { mapping, fallback, change: { ...change, row, side } });
    }
  }
}

function mapSide(plan: Plan, at: { mapping: TableMapping; fallback: Fallback; change: MappedChange }): void {
  const { table } = at.change;
  try {
    const invalidation = at.mapping(at.change);
    if (isInvalidation(invalidation)) return plan.add(invalidation ?? {});
    plan.fall({ table, reason: "not an invalidation" }, at.fallback);
  } catch (error) {
    plan.fall(
      { table, reason: error instanceof UnknownColumn ? "unknown column" : "mapping failed", error },
      at.fallback,
    );
  }
}

class Plan {
  readonly #keys = new Map<string, Key>();
  readonly #tags = new Set<string>();
  readonly #troubles = new Map<string, MappingTrouble>();
  #everything = false;

  add(what: Fallback): void {
    if (what === "everything") {
      this.#everything = true;
      return;
    }
    for (const key of what.keys ?? [])
      this.#keys.set(typeof key === "string" ? `s${key}` : `a${key.map(String).join("\0")}`, key);
    for (const tag of what.tags ?? []) this.#tags.add(tag);
  }

  fall(trouble: MappingTrouble, fallback: Fallback): void {
    const id = `${trouble.table} ${trouble.reason}`;
    if (!this.#troubles.has(id)) this.#troubles.set(id, trouble);
    this.add(fallback);
  }

  done(): PlannedInvalidation {
    return {
      keys: [...this.#keys.values()],
      tags: [...this.#tags],
      everything: this.#everything,
      troubles: [...this.#troubles.values()],
    };
  }
}

function isInvalidation(given: unknown): given is Invalidation | null | undefined {
  if (given === null || given === undefined) return true;
  if (typeof given !== "object") return false;
  const { keys = [], tags = [] } = given as Invalidation;
  return (
    Array.isArray(keys) && keys.every(isKey) && Array.isArray(tags) && tags.every((tag) => typeof tag === "string")
  );
}

function isKey(key: unknown): boolean {
  if (typeof key === "string") return key !== "";
  return (
    Array.isArray(key) && key.length > 0 && key.every((part) => ["string", "number", "bigint"].includes(typeof part))
  );
}
