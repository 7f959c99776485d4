/**
 * The copies of a cache's data in storage, snapshots and append-only files (aof-copies): its nodes put theirs there, and any may begin
 * with the newest. Throws what the storage throws.
 */
import { createReadStream } from "node:fs";
import { open, rm } from "node:fs/promises";
import type { CacheId, NodeId, PersistenceSpec, StorageLocation } from "@larder/api";
import type { Clock, Randomness } from "@larder/service";
import { openFolder, type Storage } from "@larder/storage";
import { restoreAof } from "./aof-copies/aof-restore.ts";
import { type AofSet, manifestName, nodeOf } from "./aof-copies/aof-set.ts";
import { AofSets } from "./aof-copies/aof-sets.ts";
import { type Copy, copiesPrefix, copyName, parseCopy, surplusCopies } from "./copy-name.ts";
import { byNewest } from "./kept-position.ts";
import type { KeepingPaths } from "./node-keeping.ts";
import type { Snapshot } from "./snapshots.ts";
import { writeAll } from "./write-all.ts";

export interface CopiesContext {
  storageRoots: readonly string[];
  clock: Clock;
  randomness: Randomness;
}

/** Of append-only files the name is that of the manifest. */
export interface StoredCopy extends Copy {
  aof: { nodeId: NodeId; set: AofSet } | null;
}

export class Copies {
  readonly #storage: Storage;
  readonly #prefix: string;
  readonly #sinceMs: number;
  readonly #clock: Clock;

  constructor(location: StorageLocation, cacheId: CacheId, { sinceMs }: PersistenceSpec, context: CopiesContext) {
    this.#storage = openFolder(location, context);
    this.#prefix = copiesPrefix(cacheId, sinceMs);
    this.#sinceMs = sinceMs;
    this.#clock = context.clock;
  }

  /** The newest first, but for what cannot be read. */
  async list(signal: AbortSignal): Promise<StoredCopy[]> {
    const copies: StoredCopy[] = [];
    const names: string[] = [];
    for await (const { name } of this.#storage.list(this.#prefix, { signal })) {
      const copy = parseCopy(this.#prefix, name);
      if (copy !== undefined) copies.push({ ...copy, aof: null });
      const nodeId = nodeOf(this.#prefix, name);
      if (nodeId !== undefined && name === manifestName(this.#prefix, nodeId)) names.push(name);
    }
    for (const name of names) copies.push(...(await this.#readSet(name, signal)));
    return copies.sort(byNewest);
  }

  async #readSet(name: string, signal: AbortSignal): Promise<StoredCopy[]> {
    const nodeId = nodeOf(this.#prefix, name);
    const set = nodeId && (await new AofSets(this.#storage, this.#prefix).read(nodeId, signal));
    if (!set) return [];
    const { epoch, offset, savedAtMs } = set;
    return [{ name, epoch, offset, savedAtMs, aof: { nodeId, set } }];
  }

  /** Stores the snapshot, and then removes all but the newest `count` of the cache, and append-only files that nobody goes on with. */
  async put(snapshot: Snapshot, nodeId: NodeId, count: number, signal: AbortSignal): Promise<void> {
    await this.#storage.put(copyName(this.#prefix, snapshot, nodeId), piecesOf(snapshot.path), { signal });
    const snapshots = (await this.list(signal)).filter(({ aof }) => aof === null);
    for (const { name } of surplusCopies(snapshots, count)) await this.#storage.remove(name, { signal });
    await new AofSets(this.#storage, this.#prefix).sweepBefore(snapshot, this.#clock.nowMs(), signal);
  }

  /** Of a node that copies snapshots now: its append-only files go once a newer snapshot is there. Returns whether they are gone. */
  async retireAof(nodeId: NodeId, signal: AbortSignal): Promise<boolean> {
    const [newest] = (await this.list(signal)).filter(({ aof }) => aof === null);
    return new AofSets(this.#storage, this.#prefix).retire(nodeId, newest, signal);
  }

  /** Puts append-only files into the node's folder: whole and as they were stored, or those of before are there. */
  async restore(
    { nodeId, set }: { nodeId: NodeId; set: AofSet },
    paths: KeepingPaths,
    signal: AbortSignal,
  ): Promise<void> {
    const sets = new AofSets(this.#storage, this.#prefix);
    await restoreAof({ sets, nodeId, set, sinceMs: this.#sinceMs }, paths, signal);
  }

  /** A snapshot, whole and as it was stored, or not there. */
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
