/**
 * The copies of a source's primaries as the one RDB that the node's engine loads: as it came, where there is one, all of it is
 * wanted and the engine can read it; else written anew.
 */
import type { KeyFilter } from "@larder/api";
import type { TransferEngine } from "../transfer-engine.ts";
import { TransferError } from "../transfer-error.ts";
import type { SourceFollower } from "./source-follower.ts";

export interface SnapshotOptions {
  engine: TransferEngine;
  filter: KeyFilter;
  signal: AbortSignal;
}

export async function* snapshotOf(
  followers: readonly SourceFollower[],
  { filter, signal }: SnapshotOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const [follower] = followers;
  const isFiltered = filter.prefixes.length > 0 || filter.databases.length > 0;
  if (follower === undefined || followers.length > 1 || isFiltered)
    throw new TransferError("NotSupported", "A migration of several primaries, or of chosen keys, is not built yet.");
  for (let bytes = await follower.copy.take(signal); bytes !== null; bytes = await follower.copy.take(signal))
    yield bytes;
}
