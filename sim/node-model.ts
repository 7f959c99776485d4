/**
 * One node as its agent keeps it (node-supervisor.ts, engine/replication.ts): starts and adopts its engine, notices its
 * death, brings it to its role with the real replication-plan.ts, holds writes where nobody can say that it still leads,
 * keeps its data where it is to, and carries out orders. Nodes that are being filled, and transfers, are not modelled.
 */
import {
  type AgentAnswer,
  type AgentOrder,
  agentLimits,
  type Leader,
  type NodeId,
  type NodeObserved,
  type NodeSpec,
  type ReplicationObserved,
} from "@larder/api";
import { Following } from "../packages/agent/engine/following.ts";
import {
  copiedEpochOf,
  type Epochs,
  entered,
  initialEpochs,
  isInSync,
  isSettled,
  planRole,
  type ReplicationSeen,
  roleOf,
  wantedRole,
} from "../packages/agent/engine/replication-plan.ts";
import type { AgentModel } from "./agent-model.ts";
import type { FakeEngine } from "./fake-engine.ts";
import { NodeKeeping } from "./kept-data.ts";

const lookEveryMs = { settled: 400, unsettled: 200 } as const;
const soonMs = [0.1, 1.5] as const;
const startMs = [10, 60] as const;
const restartPauseMs = [75, 100] as const;
const restartPauseMaxMs = 10_000;
const steadyMs = 10_000;
const fencePauseMs = 3_000;
const leaderDueMs = 1_000;
const orderPollMs = 1;
const answersMs = 5;

export class NodeModel {
  readonly nodeId: NodeId;
  readonly #agent: AgentModel;
  #spec: NodeSpec | null = null;
  #state: "absent" | "starting" | "running" | "failed" | "gone" = "absent";
  #engine: FakeEngine | null = null;
  #seen: ReplicationSeen | null = null;
  #epochs: Epochs = initialEpochs;
  #generation = 0;
  #endedRunId: string | null = null;
  #offsetToldToEnd: number | null = null;
  #startedMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #heardAtMs = Number.NEGATIVE_INFINITY;
  #following = new Following();
  #isYielding = false;
  #isFenced = false;
  readonly #keeping: NodeKeeping;
  #told = "";

  constructor(nodeId: NodeId, agent: AgentModel) {
    this.nodeId = nodeId;
    this.#agent = agent;
    this.#keeping = new NodeKeeping(nodeId, agent.host.disk.kept);
    this.#keepLooking();
  }

  want(wanted: NodeSpec | "unwanted"): void {
    if (wanted === "unwanted") return this.#remove();
    this.#spec = wanted;
    if (this.#state === "gone") this.#state = "absent";
    this.wake();
  }

  wake(): void {
    this.#agent.process.after(this.#agent.world.chance.between(...soonMs), () => this.#step());
  }

  takeOrder(order: AgentOrder, answer: (answer: AgentAnswer) => void): void {
    const { orderId, runId } = order;
    const refuse = (message: string) =>
      answer({ orderId, error: { code: "OperationNotSupported", message }, offset: null });
    const engine = this.#living();
    if (engine === undefined || engine.runId !== runId) return refuse("another life");
    if (order.kind === "yield") this.#yield(engine, order, answer, refuse);
    else if (order.kind === "lead") this.#leadSoon(engine, order, answer, refuse);
    else answer({ orderId, error: null, offset: null });
  }

  observed(): NodeObserved | undefined {
    const cacheId = this.#spec?.cacheId ?? this.#record?.cacheId;
    if (cacheId === undefined || this.#state === "gone") return undefined;
    const isRunning = this.#state === "running";
    return {
      nodeId: this.nodeId,
      cacheId,
      generation: isRunning ? this.#generation : 0,
      accessGeneration: isRunning ? (this.#engine?.accessGeneration ?? 0) : 0,
      refusedUsers: [],
      state: isRunning ? "running" : this.#state === "failed" ? "failed" : "starting",
      socketPath: `/run/${this.nodeId}.sock`,
      pid: 1,
      runId: isRunning ? (this.#engine?.runId ?? null) : null,
      engine: this.#engine?.version ?? null,
      memoryBytesUsed: 0,
      replication: isRunning ? this.#replication() : null,
      error: this.#state === "failed" ? { code: "EngineStartFailed", message: "it died again" } : null,
      endedRunId: this.#endedRunId,
      restored: this.#keeping.restored,
      persistence: this.#spec && this.#keeping.observed(this.#spec),
    };
  }

  get #record() {
    return this.#agent.host.disk.records.get(this.nodeId);
  }

  #living(): FakeEngine | undefined {
    return this.#agent.host.engines.get(this.nodeId);
  }

  #replication(): ReplicationObserved | null {
    const engine = this.#engine;
    const seen = this.#seen;
    if (engine === null || seen === null) return null;
    const role = roleOf(seen);
    const { epoch, copiedEpoch } = this.#epochs;
    const inSync = isInSync(seen);
    return {
      address: engine.address,
      role,
      epoch,
      copiedEpoch,
      offset: seen.offset,
      inSync,
      hearsLeader: inSync && this.#sinceMs(this.#heardAtMs) < agentLimits.leaderSilentMs,
      holdsWrites: role === "primary" && (this.#isYielding || this.#isFenced),
      replicas: seen.replicas,
    };
  }

  // ── the engine's life ──────────────────────────────────────────────────────────────────────────────────────────────

  #keepLooking(): void {
    this.#agent.process.after(this.#isQuiet ? lookEveryMs.settled : lookEveryMs.unsettled, () => {
      this.#step();
      this.#keepLooking();
    });
  }

  get #isQuiet(): boolean {
    if (this.#seen === null || !isSettled(this.#seen) || this.#mayBeReplaced(agentLimits.askMs)) return false;
    return roleOf(this.#seen) !== "replica" || this.#sinceMs(this.#heardAtMs) < leaderDueMs;
  }

  #step(): void {
    if (this.#state === "absent") this.#leaveAbsence();
    else if (this.#state === "running") this.#attend();
    this.#tell();
  }

  #leaveAbsence(): void {
    const living = this.#living();
    if (living === undefined) this.#endedRunId = this.#record?.runId ?? this.#endedRunId;
    if (living === undefined && this.#spec === null) return;
    const engine = living ?? this.#startEngine();
    this.#state = "starting";
    this.#engine = engine;
    this.#startedMs = this.#agent.process.monotonicMs();
    const { process, world } = this.#agent;
    engine.process.onEnd(() => this.wake());
    process.after(living ? 2 : world.chance.between(...startMs), () => this.#answerCame(engine));
  }

  #startEngine(): FakeEngine {
    const engine = this.#agent.host.startEngine(this.nodeId, this.#spec?.engineVersion ?? null);
    this.#keeping.begins(engine);
    return engine;
  }

  #answerCame(engine: FakeEngine): void {
    if (this.#state !== "starting" || this.#engine !== engine) return;
    const record = this.#record;
    const isKnown = record?.runId === engine.runId;
    this.#state = "running";
    this.#epochs = isKnown ? record.epochs : initialEpochs;
    if (isKnown) this.#keeping.restored = record.restored;
    this.#generation = isKnown ? record.generation : 0;
    this.#writeRecord(engine);
    this.#step();
  }

  #attend(): void {
    const engine = this.#engine as FakeEngine;
    if (!engine.process.isAlive) return this.#died(engine);
    const isFirst = this.#seen === null;
    if (isFirst) this.#look(engine);
    if (this.#mayBeReplaced(agentLimits.askMs)) engine.askReplicas();
    if (isFirst) return this.#agent.process.after(answersMs, () => this.#step());
    this.#look(engine);
    const isFenced = this.#mayBeReplaced(agentLimits.fenceMs) && this.#isUnfollowed;
    if (isFenced) this.#fence(engine);
    this.#obey(engine);
    if (!isFenced) this.#endFence(engine);
    this.#apply(engine);
    const beginsAnew = this.#spec !== null && this.#keeping.attend(engine, this.#spec, this.#replication());
    if (beginsAnew || this.#isToEnd(engine)) this.#agent.host.endEngine(this.nodeId);
  }

  #isToEnd({ runId }: FakeEngine): boolean {
    const observed = this.#replication();
    const isMeant = this.#spec?.endRunId === runId;
    const isFree = observed === null || observed.role === "primary" || this.#spec?.replication?.follows === false;
    if (!isMeant || isFree) {
      this.#offsetToldToEnd = null;
      return isMeant;
    }
    this.#offsetToldToEnd ??= observed.offset;
    const isCurrent = this.#sinceMs(this.#agent.reportTakenMs) < agentLimits.askMs;
    return isCurrent && observed.hearsLeader && observed.offset !== this.#offsetToldToEnd;
  }

  #died(engine: FakeEngine): void {
    const { process, world } = this.#agent;
    if (process.monotonicMs() - this.#startedMs >= steadyMs) this.#failures = 0;
    this.#endedRunId = engine.runId;
    this.#keeping.ended();
    this.#following = new Following();
    this.#engine = null;
    this.#seen = null;
    this.#isYielding = false;
    this.#isFenced = false;
    this.#state = this.#failures === 0 ? "absent" : "failed";
    if (this.#failures++ === 0) return this.wake();
    const pauseMs = world.chance.between(...restartPauseMs) * 2 ** (this.#failures - 2);
    process.after(Math.min(pauseMs, restartPauseMaxMs), () => {
      if (this.#state === "failed") this.#state = "absent";
      this.#step();
    });
  }

  #remove(): void {
    this.#spec = null;
    this.#state = "gone";
    this.#engine = null;
    this.#agent.host.disk.records.delete(this.nodeId);
    this.#keeping.forget();
    this.#agent.host.endEngine(this.nodeId);
    this.#tell();
  }

  // ── its role ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #look(engine: FakeEngine): void {
    const before = this.#seen;
    this.#seen = engine.seen();
    const nowMs = this.#agent.process.monotonicMs();
    if (before?.offset !== this.#seen.offset || !before.isLinked) this.#heardAtMs = nowMs;
    this.#following.see(this.#seen, nowMs);
    this.#epochs = { ...this.#epochs, copiedEpoch: copiedEpochOf(this.#seen, this.#epochs) };
  }

  #obey(engine: FakeEngine): void {
    const replication = this.#spec?.replication;
    if (!replication || (replication.leader?.epoch ?? 0) < this.#epochs.epoch) return;
    const wanted = wantedRole(replication, {
      nodeId: this.nodeId,
      runId: engine.runId,
      isIntake: false,
      feed: null,
    });
    const isHolding = this.#isYielding || (this.#isFenced && wanted.kind !== "primary");
    const isReleased = isHolding && (replication.leader?.epoch ?? 0) > this.#epochs.epoch;
    this.#enter(engine, replication.leader, () => {
      for (const [command, host, port] of planRole(wanted, engine.seen(), replication.user))
        if (command === "REPLICAOF")
          engine.replicaOf(host === "NO" ? null : { host: host as string, port: Number(port) });
      if (isReleased) this.#release(engine);
    });
  }

  #enter(engine: FakeEngine, leader: Leader | null, changeRole: () => void): void {
    const isNewer = leader !== null && leader.epoch > this.#epochs.epoch;
    if (isNewer) engine.epoch = leader.epoch;
    changeRole();
    if (isNewer) this.#epochs = entered(engine.seen(), this.#epochs, leader);
    this.#look(engine);
    this.#agent.process.after(this.#agent.world.chance.between(0, 3), () => this.#writeRecord(engine));
  }

  #apply(engine: FakeEngine): void {
    const spec = this.#spec;
    if (spec !== null) engine.accessGeneration = spec.accessGeneration;
    if (spec === null || this.#generation === spec.generation) return;
    this.#generation = spec.generation;
    this.#writeRecord(engine);
  }

  #writeRecord({ runId }: FakeEngine): void {
    const cacheId = this.#spec?.cacheId ?? this.#record?.cacheId;
    if (cacheId === undefined || this.#engine?.runId !== runId) return;
    const record = {
      cacheId,
      runId,
      generation: this.#generation,
      epochs: this.#epochs,
      restored: this.#keeping.restored,
    };
    this.#agent.host.disk.records.set(this.nodeId, record);
  }

  /** Nobody can say that it still leads: it holds writes until somebody does. */
  #fence(engine: FakeEngine): void {
    this.#isFenced = true;
    engine.pause(fencePauseMs);
  }

  #endFence(engine: FakeEngine): void {
    const wasFenced = this.#isFenced;
    this.#isFenced = false;
    if (wasFenced && !this.#isYielding) engine.unpause();
  }

  get #isUnfollowed(): boolean {
    if (this.#seen === null || roleOf(this.#seen) !== "primary") return false;
    const isFollowed = this.#seen.replicas.some(({ state }) => state === "online");
    return !isFollowed || this.#sinceMs(this.#following.followedAtMs) > agentLimits.unfollowedMs;
  }

  #mayBeReplaced(afterMs: number): boolean {
    return this.#spec?.replication?.hasOthers === true && this.#sinceMs(this.#agent.reportTakenMs) > afterMs;
  }

  #sinceMs(momentMs: number): number {
    return this.#agent.process.monotonicMs() - momentMs;
  }

  // ── orders ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #yield(
    engine: FakeEngine,
    { orderId, yieldMs }: Extract<AgentOrder, { kind: "yield" }>,
    answer: (answer: AgentAnswer) => void,
    refuse: (message: string) => void,
  ): void {
    if (engine.following !== null) return refuse("not a primary");
    this.#isYielding = true;
    engine.pause(yieldMs);
    this.#look(engine);
    answer({ orderId, error: null, offset: engine.stream.length });
    this.#tell();
  }

  #release(engine: FakeEngine): void {
    this.#isYielding = false;
    this.#isFenced = false;
    engine.unpause();
  }

  #leadSoon(
    engine: FakeEngine,
    order: Extract<AgentOrder, { kind: "lead" }>,
    answer: (answer: AgentAnswer) => void,
    refuse: (message: string) => void,
  ): void {
    const { process } = this.#agent;
    const untilMs = process.monotonicMs() + order.waitMs;
    const look = () => {
      if (this.#engine !== engine || !engine.process.isAlive) return refuse("it has ended");
      const { epoch } = this.#epochs;
      const isDone = order.leader.epoch === epoch && engine.following === null;
      if (order.leader.epoch <= epoch && !isDone) return refuse("it knows a newer leader");
      if (engine.stream.length >= order.offset) {
        if (!isDone) this.#enter(engine, order.leader, () => engine.replicaOf(null));
        answer({ orderId: order.orderId, error: null, offset: engine.stream.length });
        this.#tell();
      } else if (process.monotonicMs() >= untilMs) refuse("it has not caught up");
      else process.after(orderPollMs, look);
    };
    look();
  }

  /** Reports what is more than a gauge. */
  #tell(): void {
    const observed = this.observed();
    const replication = observed?.replication;
    const replicas = replication?.replicas.map(({ address, state }) => ({ address, state }));
    const text = JSON.stringify({ ...observed, replication: replication && { ...replication, offset: 0, replicas } });
    if (text === this.#told) return;
    this.#told = text;
    this.#agent.changed();
  }
}
