/**
 * Items of a change feed as changes. Pure.
 *
 * What an item was before is known only where the feed tells it. The id, the properties of the partition key, and those that the
 * application calls fixed are the same in all versions of an item; reading any other of an old row throws UnknownColumn.
 */
import { type Change, type Row, rowOf } from "../change.ts";

export interface ItemsAt {
  table: string;
  /** Properties that are the same in all versions of an item. */
  fixed: readonly string[];
  position: string;
  isDeleted?: ((item: Row) => boolean) | undefined;
}

/** What the feed of all versions tells of one. */
interface Version {
  current?: Row | null;
  previous?: Row | null;
  metadata: {
    operationType: "create" | "replace" | "delete";
    crts: number;
    id?: string;
    partitionKey?: Row | null;
  };
}

const secondMs = 1_000;

/** Latest versions: whether an item is new is not told, and neither are deletions. */
export function changeOfLatest(item: Row, { table, fixed, position, isDeleted }: ItemsAt): Change {
  const old = versionBefore(pick(item, fixed));
  const at = { table, position, committedAtMs: Number(item._ts) * secondMs };
  if (isDeleted?.(item) === true) return { ...at, kind: "delete", row: null, old: item };
  return { ...at, kind: "update", row: item, old };
}

/** All versions and deletions. */
export function changeOfVersion(version: Version, { table, fixed, position }: ItemsAt): Change {
  const { current, previous, metadata } = version;
  const at = { table, position, committedAtMs: metadata.crts * secondMs };
  if (metadata.operationType === "create") return { ...at, kind: "insert", row: current ?? null, old: null };
  const known = { ...(metadata.partitionKey ?? {}), ...(metadata.id === undefined ? {} : { id: metadata.id }) };
  const old = previous ?? versionBefore({ ...known, ...pick(current ?? {}, fixed) });
  if (metadata.operationType === "delete") return { ...at, kind: "delete", row: null, old };
  return { ...at, kind: "update", row: current ?? null, old };
}

/** The first property on the way of each path of a partition key. */
export function propertiesOf(paths: readonly string[]): string[] {
  return paths.filter((path) => path.split("/").length === 2).map((path) => path.slice(1));
}

function pick(item: Row, names: readonly string[]): Row {
  return Object.fromEntries(names.filter((name) => name in item).map((name) => [name, item[name]]));
}

/** Items have no schema, so that any property may have been there. */
function versionBefore(known: Row): Row {
  return rowOf(
    known,
    () => "the change feed does not tell what an item was before; name it as fixed if it never changes.",
  );
}
