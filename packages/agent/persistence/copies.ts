/**
 * The copies of a cache's snapshots in storage: all of its nodes put theirs there, and any may begin with the newest.
 * Throws what the storage throws.
 */
import { createReadStream } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import type { CacheId, NodeId, PersistenceSpec, StorageLocation } from "@larder/api";
import type { Clock, Randomness } from "@larder/service";
import { openFolder, type Storage } from "@larder/storage";
import { type Copy, copiesPrefix, copyName, parseCopy, surplusCopies } from "./copy-name.ts";
import { byNewest } from "./kept-position.ts";
import type { Snapshot } from "./snapshots.ts";

export interface CopiesContext {
  storageRoots: readonly string[];
  clock: Clock;
  randomness: Randomness;
}

export class Copies {
  readonly #storage: Storage;
  readonly #prefix: string;

  constructor(location: StorageLocation, cacheId: CacheId, { sinceMs }: PersistenceSpec, context: CopiesContext) {
    this.#storage = openFolder(location, context);
    this.#prefix = copiesPrefix(cacheId, sinceMs);
  }

  /** The newest first. */
  async list(signal: AbortSignal): Promise<Copy[]> {
    const copies: Copy[] = [];
    for await (const { name } of this.#storage.list(this.#prefix, { signal })) {
      const copy = parseCopy(this.#prefix, name);
      if (copy !== undefined) copies.push(copy);
    }
    return copies.sort(byNewest);
  }

  /** Stores the snapshot, and then removes all but the newest `count` of the cache. */
  async put(snapshot: Snapshot, nodeId: NodeId, count: number, signal: AbortSignal): Promise<void> {
    await this.#storage.put(copyName(this.#prefix, snapshot, nodeId), piecesOf(snapshot.path), { signal });
    for (const { name } of surplusCopies(await this.list(signal), count)) await this.#storage.remove(name, { signal });
  }

  /** Whole and as it was stored, or not there. */
  async fetch(copy: Copy, path: string, signal: AbortSignal): Promise<void> {
    const file = await open(path, "w", 0o600);
    try {
      for await (const bytes of this.#storage.get(copy.name, { signal })) await writeAll(file, bytes);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
  }

  close(): void {
    this.#storage.close();
  }
}

/** Opened by the first read only: what is never read would stay open, and its errors would be nobody's. */
async function* piecesOf(path: string): AsyncGenerator<Uint8Array, void, void> {
  yield* createReadStream(path) as AsyncIterable<Buffer>;
}

/** A disk that is nearly full takes a part, and says so at the next write only. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) at += (await file.write(bytes, at)).bytesWritten;
}
