/**
 * One node as its agent keeps it: starts and adopts its engine, notices its death, brings it to its role with the real
 * replication-plan.ts, and holds writes where the contract says so (agentLimits.fenceMs, the order `yield`).
 */
import {
  type AgentAnswer,
  type AgentOrder,
  agentLimits,
  type EngineFound,
  type Leader,
  type NodeId,
  type NodeObserved,
  type NodeSpec,
  type ReplicationObserved,
} from "@larder/api";
import {
  copiedEpochOf,
  planRole,
  type ReplicationSeen,
  roleOf,
  wantedRole,
} from "../packages/agent/engine/replication-plan.ts";
import type { AgentModel } from "./agent-model.ts";
import type { FakeEngine } from "./fake-engine.ts";

const lookEveryMs = 100;
const soonMs = [0.1, 1.5] as const;
const startMs = [10, 60] as const;
const restartPauseMs = [75, 400] as const;
const steadyMs = 10_000;
/** Pausing ends by itself when the agent does not say it again. */
const holdMs = 1_000;
/** A replica that has said nothing for longer is not there. */
const replicaSilentMs = 1_100;
const orderPollMs = 1;

const engineFound: EngineFound = {
  name: "valkey",
  version: "8.0.1",
  kind: "native",
  path: "/valkey-server",
  memoryBytesMax: null,
  hasTls: true,
};

export class NodeModel {
  readonly nodeId: NodeId;
  readonly #agent: AgentModel;
  #spec: NodeSpec | null = null;
  #state: "absent" | "starting" | "running" | "failed" | "gone" = "absent";
  #engine: FakeEngine | null = null;
  #seen: ReplicationSeen | null = null;
  #epoch = 0;
  #copiedEpoch = 0;
  #generation = 0;
  #endedRunId: string | null = null;
  #startedMs = Number.NEGATIVE_INFINITY;
  #isYielding = false;
  #isFenced = false;
  #told = "";

  constructor(nodeId: NodeId, agent: AgentModel) {
    this.nodeId = nodeId;
    this.#agent = agent;
    agent.process.every(lookEveryMs, () => this.#step());
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
      state: isRunning ? "running" : this.#state === "failed" ? "failed" : "starting",
      socketPath: `/run/${this.nodeId}.sock`,
      pid: 1,
      runId: isRunning ? (this.#engine?.runId ?? null) : null,
      engine: engineFound,
      memoryBytesUsed: 0,
      replication: isRunning ? this.#replication() : null,
      error: this.#state === "failed" ? { code: "EngineStartFailed", message: "it died again" } : null,
      endedRunId: this.#endedRunId,
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
    const heardMs = engine.leaderHeardAtMs;
    const silentMs = heardMs === null ? Number.POSITIVE_INFINITY : this.#agent.process.monotonicMs() - heardMs;
    return {
      address: engine.address,
      role,
      epoch: this.#epoch,
      copiedEpoch: this.#copiedEpoch,
      offset: seen.offset,
      inSync: role === "replica" && seen.isLinked,
      hearsLeader: role === "replica" && seen.isLinked && silentMs <= agentLimits.leaderSilentMs,
      holdsWrites: role === "primary" && (this.#isYielding || this.#isFenced),
      replicas: seen.replicas,
    };
  }

  // ── the engine's life ──────────────────────────────────────────────────────────────────────────────────────────────

  #step(): void {
    if (this.#state === "absent") this.#leaveAbsence();
    else if (this.#state === "running") this.#attend();
    this.#tell();
  }

  #leaveAbsence(): void {
    const living = this.#living();
    if (living === undefined) this.#endedRunId = this.#record?.runId ?? this.#endedRunId;
    if (living === undefined && this.#spec === null) return;
    const engine = living ?? this.#agent.host.startEngine(this.nodeId);
    this.#state = "starting";
    this.#engine = engine;
    this.#startedMs = this.#agent.process.monotonicMs();
    const { process, world } = this.#agent;
    engine.process.onEnd(() => this.wake());
    process.after(living ? 2 : world.chance.between(...startMs), () => this.#answerCame(engine));
  }

  #answerCame(engine: FakeEngine): void {
    if (this.#state !== "starting" || this.#engine !== engine) return;
    const record = this.#record;
    const isKnown = record?.runId === engine.runId;
    this.#state = "running";
    this.#epoch = isKnown ? record.epoch : 0;
    this.#copiedEpoch = isKnown ? record.copiedEpoch : 0;
    this.#generation = isKnown ? record.generation : 0;
    this.#writeRecord(engine);
    this.#step();
  }

  #attend(): void {
    const engine = this.#engine as FakeEngine;
    if (!engine.process.isAlive) return this.#died(engine);
    this.#look(engine);
    this.#obey(engine);
    this.#fence(engine);
    this.#apply(engine);
  }

  #died(engine: FakeEngine): void {
    const { process, world } = this.#agent;
    const isSteady = process.monotonicMs() - this.#startedMs >= steadyMs;
    this.#endedRunId = engine.runId;
    this.#engine = null;
    this.#seen = null;
    this.#isYielding = false;
    this.#isFenced = false;
    this.#state = isSteady ? "absent" : "failed";
    if (isSteady) return this.wake();
    process.after(world.chance.between(...restartPauseMs), () => {
      if (this.#state === "failed") this.#state = "absent";
      this.#step();
    });
  }

  #remove(): void {
    this.#spec = null;
    this.#state = "gone";
    this.#engine = null;
    this.#agent.host.disk.records.delete(this.nodeId);
    this.#agent.host.killEngine(this.nodeId);
    this.#tell();
  }

  // ── its role ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #look(engine: FakeEngine): void {
    this.#seen = engine.seen();
    this.#copiedEpoch = copiedEpochOf(this.#seen, { epoch: this.#epoch, copiedEpoch: this.#copiedEpoch });
  }

  #obey(engine: FakeEngine): void {
    const leader = this.#spec?.replication?.leader ?? null;
    if (this.#spec === null || (leader?.epoch ?? 0) < this.#epoch) return;
    this.#putInForce(engine, leader);
  }

  #putInForce(engine: FakeEngine, leader: Leader | null): void {
    const isNewer = (leader?.epoch ?? 0) > this.#epoch;
    const user = { name: "", password: "" };
    const wanted = wantedRole(leader, { nodeId: this.nodeId, runId: engine.runId });
    this.#epoch = leader?.epoch ?? 0;
    engine.epoch = this.#epoch;
    for (const [command, host, port] of planRole(wanted, engine.seen(), user))
      if (command === "REPLICAOF")
        engine.replicaOf(host === "NO" ? null : { host: host as string, port: Number(port) });
    if (isNewer && this.#isYielding) this.#endYield(engine);
    this.#look(engine);
    this.#agent.process.after(this.#agent.world.chance.between(0, 3), () => this.#writeRecord(engine));
  }

  #apply(engine: FakeEngine): void {
    const spec = this.#spec;
    if (spec === null || this.#generation === spec.generation) return;
    engine.replicasToWriteMin = spec.replication?.replicasToWriteMin ?? 0;
    this.#generation = spec.generation;
    this.#writeRecord(engine);
  }

  #writeRecord({ runId }: FakeEngine): void {
    const cacheId = this.#spec?.cacheId ?? this.#record?.cacheId;
    if (cacheId === undefined || this.#engine?.runId !== runId) return;
    const record = { cacheId, runId, generation: this.#generation, epoch: this.#epoch, copiedEpoch: this.#copiedEpoch };
    this.#agent.host.disk.records.set(this.nodeId, record);
  }

  /** Nobody may say that it still leads: it holds writes until somebody does. */
  #fence(engine: FakeEngine): void {
    const nowMs = this.#agent.process.monotonicMs();
    const isReported = nowMs - this.#agent.reportTakenMs < agentLimits.fenceMs;
    const isFollowed = engine.replicaWordsMs.some((wordMs) => nowMs - wordMs < replicaSilentMs);
    const wasFenced = this.#isFenced;
    this.#isFenced = engine.following === null && !isReported && !isFollowed;
    if (this.#isFenced) engine.pause(holdMs);
    else if (wasFenced && !this.#isYielding) engine.unpause();
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
    this.#agent.process.after(yieldMs, () => {
      if (this.#engine === engine) this.#isYielding = false;
    });
    answer({ orderId, error: null, offset: engine.stream.length });
    this.#tell();
  }

  #endYield(engine: FakeEngine): void {
    this.#isYielding = false;
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
      if (order.leader.epoch <= this.#epoch) return refuse("not a newer epoch");
      if (engine.stream.length >= order.offset) {
        this.#putInForce(engine, order.leader);
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
