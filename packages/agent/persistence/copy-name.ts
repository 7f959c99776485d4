/**
 * What a copy of a snapshot is called in storage. All that is to be known of it is in its name, so that it is one file, there or
 * not, and the newest is the last of a listing. Pure.
 *
 *   CACHE/SINCE/EPOCH-OFFSET-SAVED-NODE.rdb      SINCE and SAVED in milliseconds of wall time
 *
 * Copies of a persistence that was turned off meanwhile have another SINCE, and are never found.
 */
import type { CacheId, NodeId, RestoredData } from "@larder/api";
import { byNewest, type KeptPosition } from "./kept-position.ts";

export interface Copy extends KeptPosition {
  name: string;
}

export function copiesPrefix(cacheId: CacheId, sinceMs: number): string {
  return `${cacheId}/${sinceMs}/`;
}

export function copyName(prefix: string, { epoch, offset, savedAtMs }: KeptPosition, nodeId: NodeId): string {
  return `${prefix}${padded(epoch, 10)}-${padded(offset, 16)}-${padded(savedAtMs, 14)}-${nodeId}.rdb`;
}

/** undefined for a file that is none. */
export function parseCopy(prefix: string, name: string): Copy | undefined {
  if (!name.startsWith(prefix)) return undefined;
  const match = /^(\d{10})-(\d{16})-(\d{14})-[\w-]+\.rdb$/.exec(name.slice(prefix.length));
  if (match === null) return undefined;
  const [, epoch, offset, savedAtMs] = match;
  return { name, epoch: Number(epoch), offset: Number(offset), savedAtMs: Number(savedAtMs) };
}

export function restoredFrom({ epoch, offset, savedAtMs }: Copy): RestoredData {
  return { from: "copy", epoch, offset, savedAtMs };
}

/** Those that may go. */
export function surplusCopies(copies: readonly Copy[], count: number): Copy[] {
  return [...copies].sort(byNewest).slice(count);
}

function padded(number: number, digits: number): string {
  return String(number).padStart(digits, "0");
}
