/**
 * The append-only files of a cache's nodes in storage, one set for each node that has led. Throws what the storage throws.
 *
 * A manifest is put when all that it names is there, and parts go only when the manifest that is there no longer names them.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { CacheId, NodeId } from "@larder/api";
import { type Storage, StorageError } from "@larder/storage";
import { parseCopy } from "../copy-name.ts";
import { byNewest, type KeptPosition } from "../kept-position.ts";
import type { CopyStep } from "./aof-copy-plan.ts";
import {
  type AofSet,
  encodeSet,
  foldersPrefix,
  manifestBytesMax,
  manifestName,
  nodeOf,
  parseSet,
  partName,
  partsOf,
  type StoredPart,
} from "./aof-set.ts";
import { FileSpan } from "./local-files.ts";

/** What no manifest names may be another node's that is on its way. */
const strayAgeMs = 24 * 3_600_000;

export class AofSets {
  readonly #storage: Storage;
  readonly #prefix: string;

  constructor(storage: Storage, prefix: string) {
    this.#storage = storage;
    this.#prefix = prefix;
  }

  /** undefined: there is none that can be read. */
  async read(nodeId: NodeId, signal: AbortSignal): Promise<AofSet | undefined> {
    const name = manifestName(this.#prefix, nodeId);
    try {
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of this.#storage.get(name, { signal })) {
        bytes += chunk.byteLength;
        if (bytes > manifestBytesMax) return undefined;
        chunks.push(chunk);
      }
      return parseSet(Buffer.concat(chunks).toString("utf8"));
    } catch (error) {
      if (isUnreadable(error)) return undefined;
      throw error;
    }
  }

  /** Throws ENOENT where the engine has removed the file. */
  async putPart(
    directory: string,
    step: CopyStep,
    { nodeId, number, signal }: { nodeId: NodeId; number: number; signal: AbortSignal },
  ): Promise<StoredPart> {
    const span = new FileSpan(join(directory, step.file.file), step);
    const name = partName(this.#prefix, nodeId, number);
    await this.#storage.put(name, span.chunks(), { signal });
    if (span.bytes !== step.bytes) throw new Error(`${step.file.file} is shorter than it was.`);
    return { number, bytes: span.bytes, sha256: span.sha256() };
  }

  async publish(set: AofSet, about: { cacheId: CacheId; nodeId: NodeId }, signal: AbortSignal): Promise<void> {
    const name = manifestName(this.#prefix, about.nodeId);
    await this.#storage.put(name, Readable.from([Buffer.from(encodeSet(set, about))]), { signal });
  }

  async removeParts(nodeId: NodeId, numbers: readonly number[], signal: AbortSignal): Promise<void> {
    for (const number of numbers) await this.#storage.remove(partName(this.#prefix, nodeId, number), { signal });
  }

  /**
   * Removes what the set that was just published has taken the place of: parts of its own, sets of leaders before, and snapshots of
   * before the cache had append-only files.
   */
  async sweep(set: AofSet, { nodeId, nowMs }: { nodeId: NodeId; nowMs: number }, signal: AbortSignal): Promise<void> {
    const own = new Set(partsOf(set).map(({ number }) => partName(this.#prefix, nodeId, number)));
    own.add(manifestName(this.#prefix, nodeId));
    const isOver = new Map<NodeId, boolean | undefined>();
    const surplus: string[] = [];
    for await (const { name, modifiedAtMs } of this.#storage.list(this.#prefix, { signal })) {
      const owner = nodeOf(this.#prefix, name);
      if (owner === undefined) {
        if (isOlder(parseCopy(this.#prefix, name), set)) surplus.push(name);
        continue;
      }
      if (own.has(name)) continue;
      if (owner !== nodeId && !isOver.has(owner)) isOver.set(owner, await this.#isOver(owner, set, signal));
      const isStray = owner === nodeId || modifiedAtMs < nowMs - strayAgeMs;
      if (isOver.get(owner) ?? isStray) surplus.push(name);
    }
    await this.#remove(surplus, signal);
  }

  /**
   * Removes the node's own set where the snapshot, which is there whole, is newer. Only who copies none any more may ask for it.
   * Returns whether nothing is left of it.
   */
  async retire(nodeId: NodeId, snapshot: KeptPosition | undefined, signal: AbortSignal): Promise<boolean> {
    const own: string[] = [];
    for await (const { name } of this.#storage.list(`${foldersPrefix(this.#prefix)}${nodeId}/`, { signal }))
      if (nodeOf(this.#prefix, name) === nodeId) own.push(name);
    if (own.length === 0) return true;
    const set = await this.read(nodeId, signal);
    if (snapshot === undefined || (set !== undefined && !isOlder(set, snapshot))) return false;
    await this.#remove(own, signal);
    return true;
  }

  /**
   * Removes sets that are older than the snapshot, and that nobody has touched for long: those of nodes that are gone. What a node
   * that has not heard of the change goes on with is left alone.
   */
  async sweepBefore(snapshot: KeptPosition, nowMs: number, signal: AbortSignal): Promise<void> {
    const untouchedFor = new Map<NodeId, number>();
    const names: { owner: NodeId; name: string }[] = [];
    for await (const { name, modifiedAtMs } of this.#storage.list(foldersPrefix(this.#prefix), { signal })) {
      const owner = nodeOf(this.#prefix, name);
      if (owner === undefined) continue;
      names.push({ owner, name });
      untouchedFor.set(owner, Math.min(untouchedFor.get(owner) ?? Infinity, nowMs - modifiedAtMs));
    }
    for (const [owner, ageMs] of untouchedFor) {
      const set = ageMs > strayAgeMs ? await this.read(owner, signal) : undefined;
      const isOver = ageMs > strayAgeMs && (set === undefined || isOlder(set, snapshot));
      if (isOver)
        await this.#remove(
          names.flatMap((file) => (file.owner === owner ? file.name : [])),
          signal,
        );
    }
  }

  /** Manifests first: what they name is whole as long as they are there. */
  async #remove(names: readonly string[], signal: AbortSignal): Promise<void> {
    const inOrder = [...names].sort((a, b) => Number(b.endsWith(".json")) - Number(a.endsWith(".json")));
    for (const name of inOrder) await this.#storage.remove(name, { signal });
  }

  /** One by one, each checked at its end. Throws ChecksumMismatch. */
  async *fetch(nodeId: NodeId, part: StoredPart, signal: AbortSignal): AsyncIterable<Uint8Array> {
    const name = partName(this.#prefix, nodeId, part.number);
    const passed = createHash("sha256");
    let bytes = 0;
    for await (const chunk of this.#storage.get(name, { signal })) {
      passed.update(chunk);
      bytes += chunk.byteLength;
      yield chunk;
    }
    if (bytes !== part.bytes || passed.digest("hex") !== part.sha256)
      throw new StorageError("ChecksumMismatch", {
        file: name,
        offset: bytes,
        detail: "it is not what the manifest names",
      });
  }

  /** undefined: it has no manifest, or not yet. */
  async #isOver(owner: NodeId, set: AofSet, signal: AbortSignal): Promise<boolean | undefined> {
    const other = await this.read(owner, signal);
    if (other === undefined) return undefined;
    return other.epoch < set.epoch || (set.epoch === 0 && other.epoch === 0 && other.savedAtMs < set.savedAtMs);
  }
}

function isOlder(one: KeptPosition | undefined, than: KeptPosition): boolean {
  return one !== undefined && byNewest(than, one) < 0;
}

/** It will not be there, or not what it was, the next time either. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof StorageError && (error.code === "NotFound" || error.code === "ChecksumMismatch");
}
