/** One node of a scripted cache (plan-script.ts): what its agent says of it. */
import type { EngineVersion, NodeId, NodeObserved, ReplicaObserved, ReplicationObserved } from "@larder/api";
import { allNodes, type CacheDocument } from "../../documents/cache-document.ts";
import { isPersistent } from "../../documents/persistence.ts";
import type { ObservedNode } from "./observed.ts";
import { isReplicated } from "./serving.ts";

const keeping: NonNullable<NodeObserved["persistence"]> = {
  loading: null,
  lastSnapshot: null,
  failures: 0,
  hasAof: true,
  hasLooked: true,
  copiedAtMs: null,
  setAside: [],
  problem: null,
};

export class ScriptedNode {
  readonly name: string;
  #isHeard = false;
  #state: NodeObserved["state"] | "gone" = "gone";
  #error: string | null = null;
  #failingSinceMs: number | null = null;
  #silentSinceMs: number | null = 0;
  /** Counts the lives of its engine. */
  #life = 0;
  /** What it was told last, where it takes no more. */
  #stuckAt: ReplicationObserved | null = null;
  #copy = { epoch: 0, offset: 0, isLinked: false, isFed: false };

  /** What its life began with, or the next may begin with. */
  #kept: { epoch: number; offset: number } | null = null;
  #hasLooked = true;
  readonly #keeping = structuredClone(keeping);

  constructor(name: string) {
    this.name = name;
  }

  /** Whether it ever ran: its name is not used again. */
  get hasLived(): boolean {
    return this.#life > 0;
  }

  /** As its leader has it; null while that does not send to it. */
  asReplica(cache: CacheDocument): ReplicaObserved | null {
    const { address, inSync, offset } = this.#replication(cache);
    const isFed = this.#state === "running" && inSync && this.#copy.isFed;
    return isFed ? { address: `${address.host}:${address.port}`, offset, lagSeconds: 0, state: "online" } : null;
  }

  get runId(): string | null {
    return this.#runId(this.#life);
  }

  /** The controller has died with what it heard. */
  forget(nowMs: number): void {
    this.#isHeard = false;
    this.#silentSinceMs = nowMs;
    this.#failingSinceMs = null;
  }

  happen(what: string, cache: CacheDocument, nowMs: number): void {
    const [event = "", detail, offset] = what.split(" ");
    this.#isHeard = event !== "silent";
    this.#silentSinceMs = this.#isHeard ? null : (this.#silentSinceMs ?? nowMs);
    if (event === "silent") return;
    if (event === "kept") this.#kept = { epoch: Number(detail), offset: Number(offset) };
    else if (event === "unreadable") this.#keeping.setAside.unshift({ name: detail ?? "", reason: "it is damaged" });
    else if (event === "unkept") this.#keeping.problem = { code: detail ?? "", message: "it says why" };
    else if (event === "keeps") this.#keepAgain(nowMs);
    else if (event === "looks" || event === "looked") this.#hasLooked = event === "looked";
    else if (event === "deaf") this.#stuckAt ??= this.#replication(cache);
    else if (event === "hears") this.#stuckAt = null;
    else if (event === "cut") this.#copy.isLinked = false;
    else if (event === "copied" || event === "unfed")
      this.#copy = {
        epoch: cache.leader?.epoch ?? 0,
        offset: Number(detail),
        isLinked: true,
        isFed: event === "copied",
      };
    else this.#enter(event === "ended" ? "starting" : (event as NodeObserved["state"] | "gone"));
    this.#error = event === "failed" ? (detail ?? null) : null;
    if (event === "failed") this.#failingSinceMs ??= nowMs;
    if (event === "running") this.#failingSinceMs = null;
  }

  observed(cache: CacheDocument): ObservedNode {
    const at = { nodeId: this.name as NodeId, hostId: `host-${this.name}`, agentReporting: this.#isHeard };
    const isSeen = this.#isHeard && this.#state !== "gone";
    const since = { silentSinceMs: this.#silentSinceMs, failingSinceMs: this.#failingSinceMs };
    return { ...at, ...since, seen: isSeen ? this.#seen(cache) : null };
  }

  #enter(state: NodeObserved["state"] | "gone"): void {
    if (state === "running" && this.#state !== "running") {
      this.#life++;
      this.#copy = { epoch: 0, offset: 0, isLinked: false, isFed: false };
    }
    this.#state = state;
  }

  #keepAgain(nowMs: number): void {
    this.#keeping.problem = null;
    this.#keeping.lastSnapshot = { endedAtMs: nowMs, durationMs: 1, bytes: 1 };
  }

  #seen(cache: CacheDocument): NodeObserved {
    const isRunning = this.#state === "running";
    return {
      nodeId: this.name as NodeId,
      cacheId: cache.cacheId,
      generation: cache.generation,
      accessGeneration: cache.access.generation,
      refusedUsers: [],
      state: this.#state as NodeObserved["state"],
      socketPath: `/run/${this.name}.sock`,
      pid: 1,
      runId: isRunning ? this.#runId(this.#life) : null,
      engine: { ...this.#engine(cache), kind: "native", path: "/valkey-server", memoryBytesMax: null, hasTls: true },
      memoryBytesUsed: 0,
      error: this.#error === null ? null : { code: this.#error, message: "it says why" },
      endedRunId: isRunning ? this.#runId(this.#life - 1) : this.#runId(this.#life),
      restored: this.#kept && { from: "aof", ...this.#kept, savedAtMs: 0 },
      persistence: isPersistent(cache.settings)
        ? { ...structuredClone(this.#keeping), hasLooked: this.#hasLooked }
        : null,
      replication: isRunning && isReplicated(cache) ? (this.#stuckAt ?? this.#replication(cache)) : null,
    };
  }

  /** That it was made for. */
  #engine(cache: CacheDocument): EngineVersion {
    return allNodes(cache).find(({ nodeId }) => nodeId === this.name)?.engine ?? { name: "valkey", version: "8.0.1" };
  }

  #replication({ leader, intake }: CacheDocument): ReplicationObserved {
    const isLed = leader !== null && leader.endedAtMs === null;
    const isIntake = intake?.node.nodeId === this.name;
    const leads = isLed && leader.nodeId === this.name && leader.runId === this.#runId(this.#life);
    const follows = isLed && leader.nodeId !== this.name && !isIntake;
    const epoch = leader?.epoch ?? 0;
    return {
      address: { host: "127.0.0.1", port: 100 * this.name.charCodeAt(0) + this.#life },
      role: leads || isIntake ? "primary" : follows ? "replica" : "detached",
      epoch,
      copiedEpoch: leads ? epoch : this.#copy.epoch,
      offset: this.#copy.offset,
      inSync: follows && this.#copy.isLinked && this.#copy.epoch === epoch,
      hearsLeader: follows && this.#copy.isLinked,
      holdsWrites: false,
      replicas: [],
    };
  }

  #runId(life: number): string | null {
    return life === 0 ? null : `${this.name}${life}`;
  }
}
