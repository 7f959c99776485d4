/**
 * The data directory and its one owner. The lock is an open SQLite transaction, as the kernel releases that however the
 * process ends, and nothing stale can stay behind. Who holds it is said in a file beside it, which counts only while the
 * lock is held.
 */
import { Database } from "bun:sqlite";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { LarderError } from "@larder/api/errors";
import { writeOwnerFile } from "../owner-file.ts";
import { type Layout, layoutOf } from "./daemon-plan.ts";
import { ensureSocketDirectory } from "./socket-directory.ts";

export interface Holder {
  pid: number;
  api: string;
}

export interface OwnedDirectory {
  layout: Layout;
  release(): void;
}

/** Makes the directory where need be and takes it. Throws AlreadyRunning or DataDirectoryUnusable. */
export function ownDataDirectory(path: string, holder: Holder): OwnedDirectory {
  const made = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw unusable(path, error);
    }
  };
  made(() => ensureDirectory(path));
  const lockPath = join(path, "up.lock");
  const lock = made(() => tryLock(lockPath));
  if (lock === undefined) throw alreadyRunning(path);
  try {
    return made(() => {
      const layout = layoutOf(path, ensureSocketDirectory(path));
      for (const folder of ["controller", "agent", "gateway", "logs"])
        mkdirSync(join(path, folder), { recursive: true, mode: 0o700 });
      writeOwnerFile(layout.holder, JSON.stringify(holder));
      return {
        layout,
        release() {
          removeWhenEmpty(layout.socketDirectory);
          lock.close();
        },
      };
    });
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** Engines that run on keep their sockets in it. */
function removeWhenEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {}
}

/** Closes it to others, unless it is a directory of the operator's own that holds other things too. */
function ensureDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (readdirSync(path).length === 0 || existsSync(join(path, "up.lock"))) chmodSync(path, 0o700);
}

/** Undefined when another process holds it. */
function tryLock(path: string): Database | undefined {
  const database = new Database(path, { create: true });
  try {
    database.run("PRAGMA busy_timeout = 0");
    database.run("BEGIN EXCLUSIVE");
    chmodSync(path, 0o600);
    return database;
  } catch (error) {
    database.close();
    if ((error as { code?: string }).code?.startsWith("SQLITE_BUSY")) return undefined;
    throw error;
  }
}

function alreadyRunning(path: string): LarderError {
  const holder = readHolder(join(path, "up.json"));
  const who = holder === undefined ? "" : ` (process ${holder.pid}, ${holder.api})`;
  return new LarderError("AlreadyRunning", `Another \`larder up\`${who} uses ${path}.`);
}

function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}

function unusable(path: string, error: unknown): LarderError {
  if (error instanceof LarderError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = code === undefined ? message : (reasons[code] ?? code);
  return new LarderError("DataDirectoryUnusable", `The data directory ${path} cannot be used: ${reason}.`, {
    cause: error,
  });
}

const reasons: Record<string, string> = {
  EACCES: "permission denied",
  EPERM: "it belongs to somebody else",
  EROFS: "the file system is read-only",
  ENOTDIR: "a part of its path is a file",
  EEXIST: "it is a file",
  ENOSPC: "the disk is full",
  ENOENT: "a part of its path cannot be made",
  SQLITE_CANTOPEN: "its lock file cannot be opened",
  SQLITE_READONLY: "its lock file cannot be written",
  SQLITE_NOTADB: "up.lock in it is not Larder's",
};
