/**
 * How new kept data is. Pure.
 *
 * The leader's epoch comes first, then how far it is in that one's stream of writes, which all nodes of a cache count alike.
 * What a node alone has written has neither (both 0) and goes by the time; on one host that only rises (`snapshots.ts`).
 */
import type { RestoredData } from "@larder/api";

export type KeptPosition = Pick<RestoredData, "epoch" | "offset" | "savedAtMs">;

/** For sorting: the newest first. */
export function byNewest(a: KeptPosition, b: KeptPosition): number {
  return b.epoch - a.epoch || b.offset - a.offset || b.savedAtMs - a.savedAtMs;
}
