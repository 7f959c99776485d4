/**
 * Puts append-only files that were copied to storage into a node's folder, where its engine takes them for its own.
 *
 * Invariants: the files are there only when all of them are whole and on disk. Those that were there before stay until the engine
 * has loaded the others, and are taken back where it cannot. A crash in between leaves those of before.
 */
import { existsSync, renameSync, rmSync } from "node:fs";
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { NodeId } from "@larder/api";
import { type AofNote, manifestPath, manifestText, writeNote } from "../append-only-files.ts";
import type { KeepingPaths } from "../node-keeping.ts";
import { type AofSet, bytesOf, partsOf, type StoredPart } from "./aof-set.ts";
import type { AofSets } from "./aof-sets.ts";

export interface AofRestore {
  sets: AofSets;
  nodeId: NodeId;
  set: AofSet;
  sinceMs: number;
}

export async function restoreAof(restore: AofRestore, paths: KeepingPaths, signal: AbortSignal): Promise<void> {
  const fetched = `${paths.aofDirectory}.fetched`;
  await rm(fetched, { recursive: true, force: true });
  await mkdir(fetched, { recursive: true, mode: 0o700 });
  try {
    await fetchFiles(restore, fetched, signal);
  } catch (error) {
    await rm(fetched, { recursive: true, force: true });
    throw error;
  }
  setBefore(paths);
  renameSync(fetched, paths.aofDirectory);
  await writeNote(paths, noteOf(restore));
}

async function fetchFiles({ sets, nodeId, set, ...rest }: AofRestore, to: string, signal: AbortSignal): Promise<void> {
  const { base, increments } = set;
  const write = (file: string, parts: readonly StoredPart[]) =>
    writeParts(join(to, file), parts, { sets, nodeId, set, ...rest }, signal);
  await write(base.file, [base]);
  for (const { file, parts } of increments) await write(file, parts);
  const files = [{ ...base, isBase: true }, ...increments.map((one) => ({ ...one, isBase: false }))];
  const manifest = await open(join(to, "appendonly.aof.manifest"), "wx", 0o600);
  try {
    await manifest.writeFile(manifestText(files));
    await manifest.sync();
  } finally {
    await manifest.close();
  }
}

/** They are as old as what was copied: of a node alone the time says which data is newer. */
async function writeParts(
  path: string,
  parts: readonly StoredPart[],
  { sets, nodeId, set }: AofRestore,
  signal: AbortSignal,
): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    for (const part of parts) for await (const chunk of sets.fetch(nodeId, part, signal)) await file.appendFile(chunk);
    await file.sync();
    await file.utimes(set.savedAtMs / 1000, set.savedAtMs / 1000);
  } finally {
    await file.close();
  }
}

function noteOf({ set, sinceMs }: AofRestore): AofNote {
  return { sinceMs, epoch: set.epoch, offset: set.offset, base: set.base.file, bytes: bytesOf(partsOf(set)) };
}

/** The notes go first: without one the files do not count. */
function setBefore(paths: KeepingPaths): void {
  dropBefore(paths);
  if (existsSync(paths.aofNotePath) && existsSync(paths.aofDirectory)) {
    renameSync(paths.aofNotePath, paths.aofBeforeNotePath);
    renameSync(paths.aofDirectory, paths.aofBeforeDirectory);
  }
  rmSync(paths.aofNotePath, { force: true });
  rmSync(paths.aofDirectory, { recursive: true, force: true });
}

/** Where what was to take their place is not there, or cannot be read. */
export function takeBack(paths: KeepingPaths): void {
  const isReplaced = existsSync(paths.aofNotePath) && manifestPath(paths.aofDirectory) !== undefined;
  if (isReplaced || !existsSync(paths.aofBeforeNotePath)) return;
  rmSync(paths.aofNotePath, { force: true });
  if (existsSync(paths.aofBeforeDirectory)) {
    rmSync(paths.aofDirectory, { recursive: true, force: true });
    renameSync(paths.aofBeforeDirectory, paths.aofDirectory);
  }
  renameSync(paths.aofBeforeNotePath, paths.aofNotePath);
}

export function dropBefore(paths: KeepingPaths): void {
  rmSync(paths.aofBeforeNotePath, { force: true });
  rmSync(paths.aofBeforeDirectory, { recursive: true, force: true });
}
