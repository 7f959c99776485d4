/**
 * Whether a life that is to end may. Pure but for what it remembers.
 *
 * One that follows ends only when it has heard its leader since it was told to: else it may have what nobody has any more.
 * That it heard it a second ago would not do, as the leader may have died since. On a host that stood still both the word
 * and the order may be old: nothing ends unless the newest document is known to be this one.
 */
import type { NodeSpec, ReplicationObserved } from "@larder/api";

export interface EndingEngine {
  readonly record: { runId: string | null } | null;
  readonly isIntake: boolean;
  replicationObserved(): ReplicationObserved | null;
}

export class ToldToEnd {
  /** Where the stream of a follower was when it was first told to end. */
  #offset: number | null = null;

  /** `isCurrent`: the newest document is known to be the one that is here. */
  mayEnd(engine: EndingEngine, spec: NodeSpec | undefined, isCurrent: boolean): boolean {
    const isMeant = spec?.endRunId != null && engine.record?.runId === spec.endRunId;
    const observed = engine.replicationObserved();
    const isFree =
      observed === null || observed.role === "primary" || engine.isIntake || spec?.replication?.follows === false;
    if (!isMeant || isFree) {
      this.#offset = null;
      return isMeant;
    }
    this.#offset ??= observed.offset;
    return isCurrent && observed.hearsLeader && observed.offset !== this.#offset;
  }
}
