/**
 * The end of a node's append-only files in storage, after its cache has gone over to snapshots: they stay until a snapshot that is
 * newer is there whole. Each node removes its own, as it alone knows that it puts nothing there any more.
 */
import type { CacheId, NodeId, PersistenceSpec } from "@larder/api";
import type { Log } from "@larder/service";
import { Copies, type CopiesContext } from "../copies.ts";

export interface AofRetirementContext extends CopiesContext {
  nodeId: NodeId;
  log: Pick<Log, "warn">;
}

/** How often it is looked whether another node has put such a snapshot there. */
const lookEveryMs = 60_000;

export class AofRetirement {
  readonly #context: AofRetirementContext;
  readonly #stopped = new AbortController();
  /** Where nothing of the node is left. */
  #clearPlace = "";
  #looking: Promise<void> | null = null;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #lookedAfter: number | null = null;

  constructor(context: AofRetirementContext) {
    this.#context = context;
  }

  get isUnderWay(): boolean {
    return this.#looking !== null;
  }

  /** While no append-only files are copied. `copiedAtMs`: when the node's own newest snapshot was. */
  attend(persistence: PersistenceSpec, cacheId: CacheId, copiedAtMs: number | null): void {
    const place = placeOf(persistence);
    const now = this.#context.clock.monotonicMs();
    const isDue = now >= this.#notBeforeMs || copiedAtMs !== this.#lookedAfter;
    if (persistence.copyTo === null || place === this.#clearPlace || !isDue || this.isUnderWay) return;
    this.#notBeforeMs = now + lookEveryMs;
    this.#lookedAfter = copiedAtMs;
    this.#looking = this.#retire(persistence, cacheId).finally(() => {
      this.#looking = null;
    });
  }

  /** The node copies append-only files again. */
  reset(): void {
    this.#clearPlace = "";
    this.#notBeforeMs = Number.NEGATIVE_INFINITY;
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#looking;
  }

  /** Never rejects. */
  async #retire(persistence: PersistenceSpec, cacheId: CacheId): Promise<void> {
    const { log, nodeId } = this.#context;
    const { copyTo } = persistence;
    const { signal } = this.#stopped;
    if (copyTo === null) return;
    try {
      const copies = new Copies(copyTo, cacheId, persistence, this.#context);
      try {
        if (await copies.retireAof(nodeId, signal)) this.#clearPlace = placeOf(persistence);
      } finally {
        copies.close();
      }
    } catch (error) {
      if (!signal.aborted)
        log.warn({ nodeId, err: error }, "append-only files are left in storage, and looked at again");
    }
  }
}

function placeOf({ sinceMs, copyTo }: PersistenceSpec): string {
  return JSON.stringify([sinceMs, copyTo]);
}
