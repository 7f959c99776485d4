/**
 * What a life of an engine begins with. Pure.
 *
 *   aof        the engine loads its append-only files, and goes on writing them
 *   snapshot   it loads the file, without append-only files, of which it would take even empty ones in its place
 */
import type { RestoredData } from "@larder/api";
import type { KeptAof } from "./append-only-files.ts";
import { byNewest } from "./kept-position.ts";
import type { Snapshot } from "./snapshots.ts";

export type Source =
  | { kind: "aof"; restored: RestoredData; bytes: number }
  | { kind: "snapshot"; restored: RestoredData; bytes: number; path: string; number: number };

/** The newest that there is; undefined: nothing. Of two that are as new the append-only files, which may have more. */
export function chooseSource(aof: KeptAof | undefined, snapshots: readonly Snapshot[]): Source | undefined {
  const [snapshot] = snapshots;
  if (aof !== undefined && (snapshot === undefined || byNewest(aof, snapshot) <= 0)) return ofAof(aof);
  return snapshot && ofSnapshot(snapshot);
}

function ofAof({ epoch, offset, savedAtMs, bytes }: KeptAof): Source {
  return { kind: "aof", restored: { from: "aof", epoch, offset, savedAtMs }, bytes };
}

function ofSnapshot({ epoch, offset, savedAtMs, bytes, path, number }: Snapshot): Source {
  return { kind: "snapshot", restored: { from: "snapshot", epoch, offset, savedAtMs }, bytes, path, number };
}
