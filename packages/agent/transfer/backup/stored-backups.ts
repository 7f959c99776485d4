/** What a storage holds of backups, and the removal of files: answers to the controller's questions (`FilesOrder`). */
import {
  type AgentAnswer,
  type BackupManifest,
  backupsListedMax,
  type FilesOrder,
  LarderError,
  type StorageLocation,
} from "@larder/api";
import type { Clock, Randomness } from "@larder/service";
import { openFolder, type Storage, StorageError } from "@larder/storage";
import { readManifest } from "./read-manifest.ts";

export interface StoredBackupsOptions {
  storageRoots: readonly string[];
  clock: Clock;
  randomness: Randomness;
}

/** Whoever asks waits no longer. */
const answerMs = 50_000;
/** Manifests that are read at one time. */
const readsMax = 8;

/** Never rejects. */
export async function answerFilesOrder(
  order: FilesOrder,
  options: StoredBackupsOptions,
  stopped: AbortSignal,
): Promise<AgentAnswer> {
  const { orderId } = order;
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(answerMs)]);
  try {
    const backups = await withStorage(order.at, options, (storage) => carryOut(order, storage, signal));
    return { orderId, error: null, offset: null, ...(backups === undefined ? {} : { backups }) };
  } catch (error) {
    return { orderId, error: problemOf(error), offset: null };
  }
}

async function withStorage<T>(
  at: StorageLocation,
  options: StoredBackupsOptions,
  act: (storage: Storage) => Promise<T>,
): Promise<T> {
  const storage = openFolder(at, options);
  try {
    return await act(storage);
  } finally {
    storage.close();
  }
}

async function carryOut(
  order: FilesOrder,
  storage: Storage,
  signal: AbortSignal,
): Promise<BackupManifest[] | undefined> {
  if (order.kind === "list") return listed(storage, order.cache, signal);
  for (const name of order.names) await storage.remove(name, { signal });
  return undefined;
}

/** The newest first. What is no manifest, or cannot be read any more, is left out. */
async function listed(storage: Storage, cache: string | null, signal: AbortSignal): Promise<BackupManifest[]> {
  const names: string[] = [];
  const prefix = cache === null ? "" : `${cache.toLowerCase()}/`;
  for await (const { name } of storage.list(prefix, { signal }))
    if (/^[^/]+\/[^/]+\.json$/.test(name)) names.push(name);
  names.sort((a, b) => timeOf(b).localeCompare(timeOf(a)));
  const newest = names.slice(0, backupsListedMax);
  const found: BackupManifest[] = [];
  for (let at = 0; at < newest.length; at += readsMax) {
    const read = newest.slice(at, at + readsMax).map((name) => manifestOrNull(storage, name, signal));
    for (const manifest of await Promise.all(read)) if (manifest !== null) found.push(manifest);
  }
  return found;
}

function timeOf(name: string): string {
  return name.slice(name.indexOf("/") + 1);
}

async function manifestOrNull(storage: Storage, name: string, signal: AbortSignal): Promise<BackupManifest | null> {
  try {
    return await readManifest(storage, name, signal);
  } catch (error) {
    const isNone = error instanceof LarderError || (error instanceof StorageError && error.code === "NotFound");
    if (isNone) return null;
    throw error;
  }
}

function problemOf(error: unknown): { code: string; message: string } {
  if (error instanceof StorageError) return { code: `Storage${error.code}`, message: error.message };
  if (error instanceof LarderError) return { code: error.code, message: error.message };
  if (error instanceof DOMException) return { code: "StorageSlow", message: "The storage does not answer in time." };
  return { code: "InternalError", message: "A fault in Larder; the log of the host's agent has the details." };
}
