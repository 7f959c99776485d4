/**
 * What storage has for the beginning of a node's life: finds the newest copy and brings it into the node's folder. What turned out
 * to be damaged is passed over for the next.
 */
import { mkdirSync } from "node:fs";
import { LarderError, type NodeId, type NodeSpec, type PersistenceSpec } from "@larder/api";
import type { Log } from "@larder/service";
import { isUnreadable } from "./aof-copies/aof-sets.ts";
import type { Source } from "./beginning.ts";
import { Copies, type CopiesContext, type StoredCopy } from "./copies.ts";
import { byNewest, type KeptPosition } from "./kept-position.ts";
import type { KeepingPaths } from "./node-keeping.ts";
import type { Problems } from "./problems.ts";
import type { SnapshotTaker } from "./snapshot-taker.ts";

export interface CopyFinderContext extends CopiesContext {
  nodeId: NodeId;
  paths: KeepingPaths;
  problems: Problems;
  snapshots: Pick<SnapshotTaker, "seal">;
  log: Pick<Log, "info">;
  signal: AbortSignal;
}

/** How often a node that has data of its own asks a storage that does not answer, before it goes on without. */
const storageTriesMax = 3;

export class CopyFinder {
  readonly #context: CopyFinderContext;
  #storageTries = 0;
  /** Copies that turned out to be damaged. */
  readonly #bad = new Set<string>();
  /** `number` of a snapshot; null of append-only files. */
  #fetched: { id: string; number: number | null } | null = null;

  constructor(context: CopyFinderContext) {
    this.#context = context;
  }

  /** Throws ServiceUnavailable where a node that has nothing of its own has to wait for storage. */
  async newest(spec: NodeSpec, persistence: PersistenceSpec, hasOwn: boolean): Promise<StoredCopy | undefined> {
    return (await this.#listReadable(spec, persistence, hasOwn))[0];
  }

  /** Brings the newest that can be read and is newer than the node's own. Returns whether there was one. Throws as `newest` does. */
  async bringNewest(spec: NodeSpec, persistence: PersistenceSpec, own: KeptPosition | undefined): Promise<boolean> {
    for (const copy of await this.#listReadable(spec, persistence, own !== undefined)) {
      if (own !== undefined && byNewest(copy, own) >= 0) return false;
      if (await this.#bring(spec, persistence, copy)) return true;
    }
    return false;
  }

  /** The newest first. */
  async #listReadable(spec: NodeSpec, persistence: PersistenceSpec, hasOwn: boolean): Promise<StoredCopy[]> {
    try {
      const found = await this.#inStorage(spec, persistence, (copies) => copies.list(this.#context.signal));
      this.#storageTries = 0;
      this.#context.problems.works("restore");
      return found.filter((copy) => !this.#bad.has(idOf(copy)));
    } catch (error) {
      this.#withoutStorage(error, hasOwn);
      return [];
    }
  }

  /** Returns false for a copy that cannot be read. */
  async #bring(spec: NodeSpec, persistence: PersistenceSpec, copy: StoredCopy): Promise<boolean> {
    const { log, nodeId, paths, problems } = this.#context;
    const { name, epoch, offset, savedAtMs } = copy;
    mkdirSync(paths.directory, { recursive: true, mode: 0o700 });
    try {
      await this.#inStorage(spec, persistence, (copies) => this.#fetch(copies, copy, persistence));
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      this.#bad.add(idOf(copy));
      problems.failed("restore", `A copy in storage (${name}) is passed over: ${(error as Error).message}`);
      return false;
    }
    log.info({ nodeId, epoch, offset, savedAtMs }, "a copy was fetched from storage");
    return true;
  }

  /** The engine cannot read what was fetched. */
  distrust(source: Source): void {
    const number = source.kind === "snapshot" ? source.number : null;
    if (this.#fetched?.number === number) this.#bad.add(this.#fetched.id);
  }

  /** A snapshot becomes one like the node's own. */
  async #fetch(copies: Copies, copy: StoredCopy, persistence: PersistenceSpec): Promise<void> {
    const { clock, paths, snapshots, signal } = this.#context;
    const id = idOf(copy);
    if (copy.aof !== null) {
      await copies.restore(copy.aof, paths, signal);
      this.#fetched = { id, number: null };
      return;
    }
    const startedMonotonicMs = clock.monotonicMs();
    await copies.fetch(copy, paths.dumpPath, signal);
    const { epoch, offset, savedAtMs } = copy;
    const saving = { position: { epoch, offset }, startedAtMs: savedAtMs, startedMonotonicMs };
    const snapshot = await snapshots.seal(saving, persistence);
    if (snapshot !== undefined) this.#fetched = { id, number: snapshot.number };
  }

  #withoutStorage(error: unknown, hasOwn: boolean): void {
    const reason = error instanceof Error ? error.message : String(error);
    const isGivenUp = hasOwn && ++this.#storageTries >= storageTriesMax;
    const then = isGivenUp ? "The node goes on with what it has." : "The node waits for them.";
    const message = `The copies in storage could not be read: ${reason} ${then}`;
    this.#context.problems.failed("restore", message);
    if (!isGivenUp) throw new LarderError("ServiceUnavailable", message, { cause: error });
    this.#storageTries = 0;
  }

  async #inStorage<T>(
    { cacheId }: NodeSpec,
    persistence: PersistenceSpec,
    act: (copies: Copies) => Promise<T>,
  ): Promise<T> {
    if (persistence.copyTo === null) throw new Error("copies of a cache that has none");
    const copies = new Copies(persistence.copyTo, cacheId, persistence, this.#context);
    try {
      return await act(copies);
    } finally {
      copies.close();
    }
  }
}

/** The manifest of append-only files keeps its name when they change. */
function idOf({ name, savedAtMs }: StoredCopy): string {
  return `${name}@${savedAtMs}`;
}
