/**
 * What a node keeps on its host's disk (agent/persistence/node-persistence.ts), as far as who leads depends on it: the newest
 * whole copy that it had, as of some look of its agent; what a life begins with; and whether it has looked for anything newer
 * since nobody leads. Storage and damaged files are not modelled.
 */
import type { NodeId, NodeSpec, PersistenceObserved, ReplicationObserved, RestoredData } from "@larder/api";
import { isWhole } from "../packages/agent/persistence/engine-facts.ts";
import { byNewest } from "../packages/agent/persistence/kept-position.ts";
import type { FakeEngine } from "./fake-engine.ts";

export interface KeptData extends RestoredData {
  stream: readonly number[];
}

export class NodeKeeping {
  /** What the present life began with, or the next may begin with. */
  restored: RestoredData | null = null;
  readonly #nodeId: NodeId;
  readonly #onDisk: Map<NodeId, KeptData>;
  /** The leader after whose end it has looked. */
  #lookedAfter: number | null = null;

  constructor(nodeId: NodeId, onDisk: Map<NodeId, KeptData>) {
    this.#nodeId = nodeId;
    this.#onDisk = onDisk;
  }

  begins(engine: FakeEngine): void {
    this.ended();
    engine.stream = [...(this.#onDisk.get(this.#nodeId)?.stream ?? [])];
  }

  ended(): void {
    const kept = this.#onDisk.get(this.#nodeId);
    if (kept === undefined) this.restored = null;
    else {
      const { stream: _, ...restored } = kept;
      this.restored = restored;
    }
  }

  forget(): void {
    this.#onDisk.delete(this.#nodeId);
  }

  /** Returns whether the node is to begin anew: it has stopped, and what is on its disk is newer. */
  attend(engine: FakeEngine, spec: NodeSpec, seen: ReplicationObserved | null): boolean {
    if (spec.persistence === null || seen === null) return false;
    const savedAtMs = engine.process.monotonicMs();
    if (isWhole(seen) && seen.copiedEpoch > 0) this.#onDisk.set(this.#nodeId, keptOf(seen, engine.stream, savedAtMs));
    if (!isToLook(spec, seen)) return false;
    const kept = this.#onDisk.get(this.#nodeId);
    const isNewer = kept !== undefined && isNewerThan(kept, seen, this.restored);
    if (!isNewer) this.#lookedAfter = seen.epoch;
    return isNewer;
  }

  observed({ persistence, replication }: NodeSpec): PersistenceObserved | null {
    if (persistence === null) return null;
    const leader = replication?.leader ?? null;
    return {
      loading: null,
      lastSnapshot: null,
      failures: 0,
      hasAof: true,
      hasLooked: leader?.endedAtMs == null || this.#lookedAfter === leader.epoch,
      copiedAtMs: null,
      setAside: [],
      problem: null,
    };
  }
}

function keptOf({ copiedEpoch }: ReplicationObserved, stream: readonly number[], savedAtMs: number): KeptData {
  return { from: "aof", epoch: copiedEpoch, offset: stream.length, savedAtMs, stream: [...stream] };
}

function isNewerThan(
  kept: KeptData,
  { copiedEpoch, offset }: ReplicationObserved,
  restored: RestoredData | null,
): boolean {
  const held = copiedEpoch > 0 ? { epoch: copiedEpoch, offset, savedAtMs: Number.POSITIVE_INFINITY } : restored;
  return held === null || byNewest(kept, held) < 0;
}

/** Once nobody leads, when it has stopped: not before, as more may come. */
function isToLook({ replication }: NodeSpec, { role, epoch }: ReplicationObserved): boolean {
  const leader = replication?.leader ?? null;
  return leader !== null && leader.endedAtMs !== null && role === "detached" && epoch === leader.epoch;
}
