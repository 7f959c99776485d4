/**
 * Copies a node's newest snapshot to storage, beside all else; one that was taken meanwhile comes next. One that failed is
 * tried again, by the next agent as well.
 */
import { createHash } from "node:crypto";
import type { CacheId, NodeId, PersistenceSpec, StorageLocation } from "@larder/api";
import { readJsonFile, writeFileAtomic } from "@larder/service";
import { Copies, type CopiesContext } from "./copies.ts";
import type { KeepingPaths } from "./node-keeping.ts";
import type { Problems } from "./problems.ts";
import type { Snapshot } from "./snapshots.ts";

/** What copied.json says: which snapshot was copied last, under which persistence, where to, and when. */
interface Copied {
  sinceMs: number;
  /** A hash of the place and what opens it: another account may have a container of the same name. */
  to: string;
  number: number;
  atMs: number;
}

export interface CopierContext extends CopiesContext {
  nodeId: NodeId;
  paths: KeepingPaths;
  problems: Problems;
  onChange: () => void;
}

const againMs = 60_000;

export class Copier {
  readonly #context: CopierContext;
  #copied: Copied | null;
  #copying: Promise<void> | null = null;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  readonly #stopped = new AbortController();

  constructor(context: CopierContext) {
    this.#context = context;
    this.#copied = readCopied(context.paths);
  }

  /** null: not yet, or to another place only. */
  copiedAtMs(persistence: PersistenceSpec): number | null {
    return this.#copiedTo(persistence)?.atMs ?? null;
  }

  #copiedTo({ sinceMs, copyTo }: PersistenceSpec): Copied | null {
    const copied = this.#copied;
    if (copied === null || copyTo === null) return null;
    return copied.sinceMs === sinceMs && copied.to === hashOf(copyTo) ? copied : null;
  }

  attend(snapshot: Snapshot | null, persistence: PersistenceSpec, cacheId: CacheId): void {
    if (persistence.copyTo === null) return this.#context.problems.works("copy");
    const isCopied = (this.#copiedTo(persistence)?.number ?? -1) >= (snapshot?.number ?? 0);
    const mayTry = this.#copying === null && this.#context.clock.monotonicMs() >= this.#notBeforeMs;
    if (snapshot === null || isCopied || !mayTry) return;
    this.#copying = this.#copy(snapshot, persistence, cacheId).finally(() => {
      this.#copying = null;
    });
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.idle();
  }

  /** Resolves when nothing is being copied. */
  async idle(): Promise<void> {
    await this.#copying;
  }

  /** Never rejects. */
  async #copy(snapshot: Snapshot, persistence: PersistenceSpec, cacheId: CacheId): Promise<void> {
    const { clock, nodeId, paths, problems, onChange } = this.#context;
    const { copyTo, snapshotsMax, sinceMs } = persistence;
    if (copyTo === null) return;
    try {
      const copies = new Copies(copyTo, cacheId, persistence, this.#context);
      try {
        await copies.put(snapshot, nodeId, snapshotsMax, this.#stopped.signal);
      } finally {
        copies.close();
      }
      this.#copied = { sinceMs, to: hashOf(copyTo), number: snapshot.number, atMs: clock.nowMs() };
      writeFileAtomic(paths.copiedPath, JSON.stringify(this.#copied));
      problems.works("copy");
      problems.works("restore");
      onChange();
    } catch (error) {
      this.#notBeforeMs = clock.monotonicMs() + againMs;
      const reason = error instanceof Error ? error.message : String(error);
      if (!this.#stopped.signal.aborted) problems.failed("copy", `The newest snapshot could not be copied: ${reason}`);
    }
  }
}

function hashOf({ url, credentials }: StorageLocation): string {
  return createHash("sha256")
    .update(JSON.stringify([url, credentials]))
    .digest("hex");
}

function readCopied({ copiedPath }: KeepingPaths): Copied | null {
  try {
    return readJsonFile<Copied>(copiedPath) ?? null;
  } catch {
    return null;
  }
}
