/**
 * The sealed snapshots of a node: files that the engine has written as a whole, and the agent has named. What the engine
 * checks itself when it loads one (its checksum at the end) is not computed again here.
 *
 * Invariants: a snapshot counts only with its note, of its very size; the note is there first, so that no moment is without
 * one or the other. Numbers and times of saving rise on a host, also where its clock was set back.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { readJsonFile, writeFileAtomic } from "@larder/service";
import { byNewest, type KeptPosition } from "./kept-position.ts";
import type { KeepingPaths } from "./node-keeping.ts";

export interface SnapshotNote extends KeptPosition {
  /** Of the persistence under which it was taken. */
  sinceMs: number;
  endedAtMs: number;
  durationMs: number;
  bytes: number;
}

export interface Snapshot extends SnapshotNote {
  number: number;
  path: string;
}

/** The newest first. */
export function listSnapshots({ snapshotsDirectory }: KeepingPaths, sinceMs: number): Snapshot[] {
  return numbersIn(snapshotsDirectory)
    .flatMap((number) => readSnapshot(snapshotsDirectory, number) ?? [])
    .filter((snapshot) => snapshot.sinceMs === sinceMs)
    .sort((a, b) => byNewest(a, b) || b.number - a.number);
}

/** Makes a snapshot of what the engine has written; undefined where it has written nothing. */
export function sealSnapshot(paths: KeepingPaths, note: Omit<SnapshotNote, "bytes">): Snapshot | undefined {
  const { snapshotsDirectory, dumpPath } = paths;
  const found = statSync(dumpPath, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  mkdirSync(snapshotsDirectory, { recursive: true, mode: 0o700 });
  syncFile(dumpPath);
  const number = Math.max(0, ...numbersIn(snapshotsDirectory)) + 1;
  const latestMs = Math.max(0, ...listSnapshots(paths, note.sinceMs).map(({ savedAtMs }) => savedAtMs));
  const sealed = { ...note, savedAtMs: Math.max(note.savedAtMs, latestMs + 1), bytes: found.size };
  writeFileAtomic(notePath(snapshotsDirectory, number), JSON.stringify(sealed));
  renameSync(dumpPath, filePath(snapshotsDirectory, number));
  syncFile(snapshotsDirectory);
  return { ...sealed, number, path: filePath(snapshotsDirectory, number) };
}

/** Removes all but the newest `count` of this persistence. */
export async function pruneSnapshots(paths: KeepingPaths, sinceMs: number, count: number): Promise<void> {
  const kept = new Set(
    listSnapshots(paths, sinceMs)
      .slice(0, count)
      .map(({ number }) => number),
  );
  for (const number of numbersIn(paths.snapshotsDirectory)) if (!kept.has(number)) await removeSnapshot(paths, number);
}

/** The file goes last, so that what is left of it never counts. */
async function removeSnapshot({ snapshotsDirectory }: KeepingPaths, number: number): Promise<void> {
  for (const path of [notePath(snapshotsDirectory, number), filePath(snapshotsDirectory, number)])
    await rm(path, { force: true });
}

export function forgetNote({ snapshotsDirectory }: KeepingPaths, number: number): void {
  rmSync(notePath(snapshotsDirectory, number), { force: true });
}

function readSnapshot(directory: string, number: number): Snapshot | undefined {
  const path = filePath(directory, number);
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  try {
    const note = readJsonFile<SnapshotNote>(notePath(directory, number));
    return note === undefined || note.bytes !== size ? undefined : { ...note, number, path };
  } catch {
    return undefined;
  }
}

function numbersIn(directory: string): number[] {
  if (!existsSync(directory)) return [];
  const numbers = readdirSync(directory).flatMap((name) => /^(\d{1,15})\.(?:rdb|json)$/.exec(name)?.[1] ?? []);
  return [...new Set(numbers.map(Number))];
}

function filePath(directory: string, number: number): string {
  return join(directory, `${number}.rdb`);
}

function notePath(directory: string, number: number): string {
  return join(directory, `${number}.json`);
}

function syncFile(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
