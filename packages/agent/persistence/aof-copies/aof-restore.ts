/**
 * Puts append-only files that were copied to storage into a node's folder, where its engine takes them for its own.
 *
 * Invariants: the files are there only when all of them are whole and on disk. Those that were there before stay until the engine
 * has loaded the others, and are taken back where it cannot. A crash in between leaves those of before.
 */
import { existsSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { NodeId } from "@larder/api";
import { type AofNote, manifestPath, manifestText, writeNote } from "../append-only-files.ts";
import type { KeepingPaths } from "../node-keeping.ts";
import { writeAll } from "../write-all.ts";
import { type AofSet, bytesOf, partsOf, type StoredPart } from "./aof-set.ts";
import type { AofSets } from "./aof-sets.ts";

export interface AofRestore {
  sets: AofSets;
  nodeId: NodeId;
  set: AofSet;
  sinceMs: number;
}

export async function restoreAof(restore: AofRestore, paths: KeepingPaths, signal: AbortSignal): Promise<void> {
  const fetched = fetchedDirectory(paths);
  await rm(fetched, { recursive: true, force: true });
  await mkdir(fetched, { recursive: true, mode: 0o700 });
  try {
    await fetchFiles(restore, fetched, signal);
  } catch (error) {
    await rm(fetched, { recursive: true, force: true });
    throw error;
  }
  await setBefore(paths);
  await rename(fetched, paths.aofDirectory);
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
    for (const part of parts) for await (const chunk of sets.fetch(nodeId, part, signal)) await writeAll(file, chunk);
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
async function setBefore(paths: KeepingPaths): Promise<void> {
  await remove([paths.aofBeforeNotePath, paths.aofBeforeDirectory]);
  if (existsSync(paths.aofNotePath) && existsSync(paths.aofDirectory)) {
    await rename(paths.aofNotePath, paths.aofBeforeNotePath);
    await rename(paths.aofDirectory, paths.aofBeforeDirectory);
  }
  await remove([paths.aofNotePath, paths.aofDirectory]);
}

/** Where what was to take their place is not there, or cannot be read. */
export async function takeBack(paths: KeepingPaths): Promise<void> {
  const isReplaced = existsSync(paths.aofNotePath) && manifestPath(paths.aofDirectory) !== undefined;
  if (isReplaced || !existsSync(paths.aofBeforeNotePath)) return;
  await remove([paths.aofNotePath]);
  if (existsSync(paths.aofBeforeDirectory)) {
    await remove([paths.aofDirectory]);
    await rename(paths.aofBeforeDirectory, paths.aofDirectory);
  }
  await rename(paths.aofBeforeNotePath, paths.aofNotePath);
}

/** And what a fetch has left that was cut off. */
export function dropBefore(paths: KeepingPaths): Promise<void> {
  return remove([paths.aofBeforeNotePath, paths.aofBeforeDirectory, fetchedDirectory(paths)]);
}

function fetchedDirectory({ aofDirectory }: KeepingPaths): string {
  return `${aofDirectory}.fetched`;
}

async function remove(pathsInOrder: readonly string[]): Promise<void> {
  for (const path of pathsInOrder) await rm(path, { recursive: true, force: true });
}
