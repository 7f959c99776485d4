/**
 * Folders beneath the roots that the operator allows. Symbolic links are followed as long as they stay there. Whoever
 * may write beneath the roots besides Larder is trusted not to swap folders for links at the very moment.
 */
import { mkdir, open, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, normalize, sep } from "node:path";
import { StorageError } from "../storage-error.ts";
import { unlessAbsent } from "./file-errors.ts";

/** The folder's real path, or undefined where it does not exist. Throws NotAllowed. */
export async function findFolder(folder: string, roots: readonly string[]): Promise<string | undefined> {
  const { real, missing } = await allowedPart(folder, roots);
  return missing.length === 0 ? real : undefined;
}

/** The folder's real path; made, for its owner only, where it does not exist. Throws NotAllowed. */
export async function makeFolder(folder: string, roots: readonly string[]): Promise<string> {
  const { real, missing } = await allowedPart(folder, roots);
  let made = real;
  for (const word of missing) {
    const inner = join(made, word);
    await mkdir(inner, { recursive: true, mode: 0o700 });
    await syncFolder(made);
    made = inner;
  }
  return made;
}

/** Makes new and renamed entries last. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function allowedPart(folder: string, roots: readonly string[]): Promise<{ real: string; missing: string[] }> {
  if (!isAbsolute(folder) || normalize(folder) !== folder) throw notAllowed(folder);
  const missing: string[] = [];
  for (let part = folder; ; part = dirname(part)) {
    const real = await unlessAbsent(realpath(part));
    if (real === undefined) {
      missing.unshift(part.slice(part.lastIndexOf(sep) + 1));
      continue;
    }
    for (const root of roots) {
      const realRoot = await unlessAbsent(realpath(root));
      if (realRoot !== undefined && isBeneath(real, realRoot)) return { real, missing };
    }
    throw notAllowed(folder);
  }
}

function isBeneath(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

function notAllowed(folder: string): StorageError {
  return new StorageError("NotAllowed", { detail: `${folder} is not beneath a storage root` });
}
