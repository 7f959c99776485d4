/**
 * What could not be loaded, kept aside for whoever wants to look at it: the newest few, within a bound of bytes. The engine
 * never looks there.
 */
import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { readJsonFile, writeFileAtomic } from "@larder/service";
import type { KeepingPaths } from "./node-keeping.ts";

export interface SetAside {
  name: string;
  reason: string;
}

const filesMax = 3;
/** The newest stays however large it is. */
const bytesMax = 8 * 2 ** 30;

export function listUnreadable({ unreadableDirectory }: KeepingPaths): SetAside[] {
  try {
    return readJsonFile<SetAside[]>(listPath(unreadableDirectory)) ?? [];
  } catch {
    return [];
  }
}

/** Moves a file or folder there. Returns where it is. */
export function setAside(paths: KeepingPaths, path: string, about: { reason: string; nowMs: number }): string {
  const { unreadableDirectory } = paths;
  mkdirSync(unreadableDirectory, { recursive: true, mode: 0o700 });
  const name = `${about.nowMs}-${basename(path)}`;
  const there = join(unreadableDirectory, name);
  renameSync(path, there);
  const kept = prune(unreadableDirectory, [{ name, reason: about.reason }, ...listUnreadable(paths)]);
  writeFileAtomic(listPath(unreadableDirectory), JSON.stringify(kept));
  return there;
}

/** A second folder with the same files, of which only the last may be changed. */
export function copyFolder(from: string, to: string, changing: (name: string) => boolean): void {
  mkdirSync(to, { mode: 0o700 });
  for (const name of readdirSync(from)) {
    if (changing(name)) copyFileSync(join(from, name), join(to, name));
    else linkSync(join(from, name), join(to, name));
  }
}

function prune(directory: string, all: SetAside[]): SetAside[] {
  let bytes = 0;
  const kept = all.filter(({ name }, index) => {
    bytes += bytesOf(join(directory, name));
    return index === 0 || (index < filesMax && bytes <= bytesMax);
  });
  for (const one of all) if (!kept.includes(one)) rmSync(join(directory, one.name), { recursive: true, force: true });
  return kept;
}

function bytesOf(path: string): number {
  if (!existsSync(path)) return 0;
  const found = statSync(path);
  if (!found.isDirectory()) return found.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesOf(join(path, name)), 0);
}

function listPath(directory: string): string {
  return join(directory, "list.json");
}
