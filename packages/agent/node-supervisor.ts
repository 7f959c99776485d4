/**
 * Keeps one node as it is wanted: one loop that takes one step after another, each from the state (node-state.ts) and
 * from what is seen just then. Steps are idempotent and may be cut off anywhere; the loop of the next agent goes on.
 *
 * Whether the node is wanted is a `NodeSpec` (yes), "unwanted" (the controller left it out) or "unknown" (a folder is
 * there, and the controller has not spoken yet): an unknown node is adopted and otherwise left as it is.
 */
import { type AgentOrder, agentLimits, LarderError, type NodeId, type NodeObserved, type NodeSpec } from "@larder/api";
import { backoffMs, type Clock, type Log, type Randomness } from "@larder/service";
import { EngineRefused, EngineUnreachable } from "./engine/ask.ts";
import { problemOf, problemOfDeath } from "./engine/death.ts";
import { type EngineContext, EngineProcess } from "./engine/engine-process.ts";
import type { Engines } from "./engine/find.ts";
import type { NodeCertificate } from "./engine/node-certificate.ts";
import { policyUsersObserved } from "./engine/policy-users.ts";
import type { ReplicationHost } from "./engine/replication-place.ts";
import { forgetProcess, type NodePaths, readLogTail, readRecord, removeFolder } from "./node-folder.ts";
import { initialState, type NodeEvent, type NodeLifeState, type NodeProblem, transition } from "./node-state.ts";
import type { ForkTurn } from "./persistence/fork-turn.ts";
import { NodePersistence } from "./persistence/node-persistence.ts";
import { isSameSpec } from "./spec-news.ts";
import { ToldToEnd } from "./told-to-end.ts";
import { type TransferEngine, transferEngineOf } from "./transfer/transfer-engine.ts";
import { Wakeup } from "./wakeup.ts";

export interface NodeSupervisorOptions {
  nodeId: NodeId;
  wanted: NodeSpec | "unknown";
  paths: NodePaths;
  engines: { readonly current: Engines };
  certificate: NodeCertificate;
  replicationHost: ReplicationHost;
  forks: ForkTurn;
  storageRoots: readonly string[];
  clock: Clock;
  randomness: Randomness;
  log: Log;
  /** Something that the agent reports has changed. */
  onChange: () => void;
  /** For how long the agent's reports have not got through. */
  unheardMs: () => number;
  /** Resolves when nothing is left of what fills an intake node that is to lead. Throws Conflict. */
  finishTransfer: (order: Extract<AgentOrder, { kind: "lead" }>) => Promise<void>;
}

const observeEveryMs = 2_000;
/** How often replication is looked at. */
const lookEveryMs = 400;
/** While a replica has no link, is being copied to or lags, and where something has not been heard for a while. */
const unsettledEveryMs = 200;
const answerPollMs = 3;
const answerTimeoutMs = 15_000;
/** While it loads. */
const loadPollMs = 100;
const reconnectMs = 10;
const restartBackoff = { firstMs: 100, maxMs: 10_000 };

export class NodeSupervisor {
  readonly #options: NodeSupervisorOptions;
  readonly #engineContext: EngineContext;
  readonly #wakeup: Wakeup;
  readonly #persistence: NodePersistence;
  readonly #toldToEnd = new ToldToEnd();
  readonly #stopped = new AbortController();
  #wanted: NodeSpec | "unwanted" | "unknown";
  #state: NodeLifeState = initialState;
  #process: EngineProcess | null = null;
  #enteredAtMs = 0;
  #observeAtMs = 0;
  #memoryBytesUsed: number | null = null;
  /** Why the wanted generation is not in force although the engine runs. */
  #applyProblem: NodeProblem | null = null;
  #ended: Promise<void> | null = null;
  #endedRunId: string | null = null;

  constructor(options: NodeSupervisorOptions) {
    this.#options = options;
    this.#wanted = options.wanted;
    this.#wakeup = new Wakeup(options.clock);
    this.#persistence = new NodePersistence(options);
    this.#engineContext = { ...options, onLoss: () => this.#wakeup.wake() };
  }

  get isGone(): boolean {
    return this.#state.kind === "gone";
  }

  start(): void {
    this.#ended = this.#run();
  }

  want(wanted: NodeSpec | "unwanted"): void {
    const isNews = wanted === "unwanted" || !isSameSpec(wanted, this.#spec);
    this.#wanted = wanted;
    if (isNews) this.#wakeup.wake();
  }

  /** Ends the loop; the engine ends too, or is left to the next agent. */
  async stop(engine: "end" | "leave"): Promise<void> {
    this.#stopped.abort();
    this.#wakeup.wake();
    // What is not kept is to be saved over it.
    if (engine === "leave" || !this.#spec?.persistence) this.#process?.close();
    await this.#ended;
    await this.#persistence.stop();
    if (engine === "leave" || this.#process === null) return;
    await this.#persistence.saveAndEnd(this.#process, this.#spec);
    await this.#process.end();
  }

  /**
   * Carries out an order now, beside the loop's steps. Resolves with the engine's offset after it, or null. Throws Conflict
   * for another life, ServiceUnavailable while the engine does not answer, and what the engine's part throws.
   */
  async order(order: AgentOrder): Promise<number | null> {
    const engine = this.#process;
    if (this.#state.kind !== "running" || engine === null || !engine.isConnected)
      throw new LarderError("ServiceUnavailable", "The node's engine does not answer.");
    if (engine.record?.runId !== order.runId)
      throw new LarderError("Conflict", "The order is for another life of the node's engine.");
    if (order.kind === "lead" && order.transferId !== null) await this.#options.finishTransfer(order);
    const offset = await engine.carryOut(order, this.#spec);
    if (order.kind === "flush") this.#persistence.flushed();
    return offset;
  }

  /** Undefined while nothing but the folder is known. */
  observed(): NodeObserved | undefined {
    const record = this.#process?.record ?? null;
    const cacheId = this.#spec?.cacheId ?? record?.cacheId;
    if (cacheId === undefined) return undefined;
    const isRunning = this.#state.kind === "running";
    return {
      nodeId: this.#options.nodeId,
      cacheId,
      generation: isRunning ? (record?.generation ?? 0) : 0,
      ...policyUsersObserved(isRunning ? this.#process : null),
      state: isRunning ? "running" : this.#state.kind === "backoff" ? "failed" : "starting",
      socketPath: this.#process?.socketPath ?? this.#options.paths.socketPath,
      pid: this.#process?.identity.pid ?? null,
      runId: isRunning ? (record?.runId ?? null) : null,
      engine: record?.engine ?? null,
      memoryBytesUsed: isRunning ? this.#memoryBytesUsed : null,
      replication: isRunning ? (this.#process?.replicationObserved() ?? null) : null,
      error: this.#problem(),
      endedRunId: this.#endedRunId,
      restored: this.#restored,
      persistence: this.#persistence.observed(this.#spec, this.#process?.loading ?? null),
    };
  }

  /** null while it does not run. */
  get transferEngine(): TransferEngine | null {
    const engine = this.#process;
    return this.#state.kind === "running" && engine !== null ? transferEngineOf(engine, this.#spec) : null;
  }

  /** What its memory holds of it, or the next life may begin with. */
  get #restored(): NodeObserved["restored"] {
    if (this.#process === null || this.#persistence.isToBeginAnew) return this.#persistence.restored;
    return this.#process.record?.restored ?? null;
  }

  get #spec(): NodeSpec | undefined {
    return typeof this.#wanted === "object" ? this.#wanted : undefined;
  }

  #problem(): NodeProblem | null {
    if (this.#state.kind === "running") return this.#applyProblem;
    return "problem" in this.#state ? this.#state.problem : null;
  }

  async #run(): Promise<void> {
    while (!this.#stopped.signal.aborted && this.#state.kind !== "gone") {
      const event = await this.#step().catch((error: unknown) => this.#onFailedStep(error));
      if (event !== null) this.#take(event);
    }
  }

  #take(event: NodeEvent): void {
    const { log, nodeId, clock, onChange } = this.#options;
    this.#state = transition(this.#state, event);
    this.#enteredAtMs = clock.monotonicMs();
    const code = "problem" in event ? event.problem.code : undefined;
    log.info({ nodeId, code, event: event.kind, state: this.#state.kind }, "node changed");
    onChange();
  }

  #step(): Promise<NodeEvent | null> {
    switch (this.#state.kind) {
      case "absent":
        return this.#leaveAbsence();
      case "starting":
        return this.#awaitAnswer();
      case "running":
        return this.#attend();
      case "backoff":
        return this.#waitToRetry(this.#state.failures);
      case "stopping":
        return this.#leaveHost();
      case "gone":
        throw new Error("a node that is gone takes no step");
    }
  }

  /** Before the engine runs, a step that throws is a failed start; later the next step looks again. */
  async #onFailedStep(error: unknown): Promise<NodeEvent | null> {
    if (this.#stopped.signal.aborted) return null;
    const { log, nodeId } = this.#options;
    log.warn({ nodeId, state: this.#state.kind, err: error }, "step failed");
    if (this.#state.kind === "absent" || this.#state.kind === "starting")
      return { kind: "fail", problem: problemOf(error) };
    await this.#wakeup.wait(observeEveryMs);
    return null;
  }

  async #leaveAbsence(): Promise<NodeEvent | null> {
    this.#process = (await EngineProcess.find(this.#engineContext)) ?? null;
    if (this.#process === null) this.#noteEnd();
    // Without a record only the spec says how to log in.
    const canAdopt = this.#process !== null && (!this.#process.isDoubtful || this.#spec !== undefined);
    if (canAdopt) return { kind: "adopt" };
    if (this.#wanted === "unwanted") return { kind: "remove" };
    if (this.#wanted === "unknown") {
      await this.#wakeup.wait(observeEveryMs);
      return null;
    }
    const source = await this.#persistence.choose(this.#wanted);
    this.#process = await EngineProcess.start(this.#engineContext, this.#wanted, source);
    return { kind: "start" };
  }

  async #awaitAnswer(): Promise<NodeEvent | null> {
    const engine = this.#requireProcess();
    if (this.#wanted === "unwanted") return { kind: "remove" };
    if (!(await engine.isAlive())) {
      if (engine.mayBeLoading && engine.record) await this.#persistence.examine(engine.record.engine);
      return this.#deathOf(engine);
    }
    if (await engine.connect(this.#spec)) {
      this.#observeAtMs = 0;
      return { kind: "answer" };
    }
    if (engine.isCutOff) return this.#endCutOff(engine);
    if (this.#stateMs() > answerTimeoutMs && !engine.mayBeLoading) return this.#giveUp(engine);
    await this.#options.clock.sleep(engine.loading === null ? answerPollMs : loadPollMs, this.#stopped.signal);
    return null;
  }

  /** An engine that has never answered holds no data: it goes. One that has may be busy, and is waited for again. */
  async #giveUp(engine: EngineProcess): Promise<NodeEvent> {
    if (engine.isDoubtful) return this.#lose();
    if (!engine.hasAnswered) await engine.end();
    const message = `The engine did not answer within ${answerTimeoutMs / 1_000} s.`;
    return { kind: "fail", problem: { code: "EngineStartFailed", message } };
  }

  async #endCutOff(engine: EngineProcess): Promise<NodeEvent | null> {
    return (await engine.end()) ? this.#deathOf(engine, "The engine's socket file was removed.") : null;
  }

  #lose(): NodeEvent {
    forgetProcess(this.#options.paths);
    this.#process = null;
    return { kind: "lost" };
  }

  async #attend(): Promise<NodeEvent | null> {
    const engine = this.#requireProcess();
    if (this.#wanted === "unwanted") return { kind: "remove" };
    if (!(await engine.isAlive())) return this.#deathOf(engine);
    if (!engine.isConnected && !(await engine.connect(this.#spec))) {
      if (engine.isCutOff) return this.#endCutOff(engine);
      await this.#wakeup.wait(reconnectMs);
      return null;
    }
    try {
      if (this.#mayBeReplaced(agentLimits.askMs)) await engine.askReplicas();
      await engine.lookAtReplication();
      const isFenced = this.#mayBeReplaced(agentLimits.fenceMs) && engine.isUnfollowed;
      if (isFenced) await engine.fence(true);
      await this.#applySpec(engine);
      // Not before it obeys: what is held may be for another to write.
      if (!isFenced) await engine.fence(false);
      await this.#observe(engine);
      if (this.#spec !== undefined) await this.#persistence.attend(engine, this.#spec);
    } catch (error) {
      if (!(error instanceof EngineUnreachable)) throw error;
      return null;
    }
    const isCurrent = this.#options.unheardMs() < agentLimits.askMs;
    if (this.#toldToEnd.mayEnd(engine, this.#spec, isCurrent) || this.#persistence.isToBeginAnew)
      return this.#endLife(engine);
    await this.#wakeup.wait(this.#lookInMs(engine));
    return null;
  }

  #lookInMs(engine: EngineProcess): number {
    const isQuiet = engine.isSettled && !this.#mayBeReplaced(agentLimits.askMs);
    const observeInMs = this.#observeAtMs - this.#options.clock.monotonicMs();
    return Math.min(observeInMs, isQuiet ? lookEveryMs : unsettledEveryMs);
  }

  /** Whether the controller has not been told of it for so long, and there are others that it may choose. */
  #mayBeReplaced(afterMs: number): boolean {
    return this.#spec?.replication?.hasOthers === true && this.#options.unheardMs() > afterMs;
  }

  /** The next step starts another. */
  async #endLife(engine: EngineProcess): Promise<NodeEvent | null> {
    await this.#persistence.saveAndEnd(engine, this.#spec);
    return (await engine.end()) ? this.#deathOf(engine, "The engine is being restarted.") : null;
  }

  /** The role comes first: whole caches wait for a promotion. */
  async #applySpec(engine: EngineProcess): Promise<void> {
    const spec = this.#spec;
    try {
      if (spec !== undefined) await engine.obeyLeader(spec);
      if (spec !== undefined && !engine.hasTaken(spec)) {
        await engine.apply(spec);
        this.#options.onChange();
      }
      this.#setApplyProblem(null);
    } catch (error) {
      if (error instanceof EngineUnreachable) throw error;
      this.#setApplyProblem(problemOf(error));
    }
    if (spec !== undefined && (await engine.policyUsers.take(engine, spec))) this.#options.onChange();
  }

  #setApplyProblem(problem: NodeProblem | null): void {
    if (problem?.message === this.#applyProblem?.message) return;
    this.#applyProblem = problem;
    this.#options.onChange();
  }

  async #observe(engine: EngineProcess): Promise<void> {
    const now = this.#options.clock.monotonicMs();
    if (now < this.#observeAtMs) return;
    this.#observeAtMs = now + observeEveryMs;
    this.#memoryBytesUsed = await engine.readMemoryBytesUsed();
    await this.#renewCertificate(engine);
  }

  /** An engine that refuses goes on with the one that it has, and is asked again. */
  async #renewCertificate(engine: EngineProcess): Promise<void> {
    try {
      await engine.takeCertificate();
    } catch (error) {
      if (!(error instanceof EngineRefused)) throw error;
      const { log, nodeId } = this.#options;
      log.warn({ nodeId, reason: error.message }, "the engine does not take the nodes' certificate");
    }
  }

  async #waitToRetry(failures: number): Promise<NodeEvent | null> {
    const { randomness } = this.#options;
    await this.#wakeup.wait(backoffMs(failures - 1, restartBackoff, randomness));
    return this.#wanted === "unwanted" ? { kind: "remove" } : { kind: "retry" };
  }

  async #leaveHost(): Promise<NodeEvent | null> {
    if (this.#process !== null && !(await this.#process.end())) return null;
    this.#process = null;
    removeFolder(this.#options.paths);
    return { kind: "gone" };
  }

  #deathOf(engine: EngineProcess, message?: string): NodeEvent {
    engine.close();
    this.#noteEnd();
    if (this.#spec !== undefined) this.#persistence.ended(this.#spec);
    this.#process = null;
    this.#memoryBytesUsed = null;
    const problem =
      message === undefined ? problemOfDeath(readLogTail(this.#options.paths)) : { code: "EngineStartFailed", message };
    return { kind: "exit", ranMs: this.#stateMs(), problem };
  }

  /** The record speaks of the last life, whoever was the agent then. */
  #noteEnd(): void {
    this.#endedRunId = readRecord(this.#options.paths)?.runId ?? this.#endedRunId;
  }

  /** For how long the node has been in its state. */
  #stateMs(): number {
    return this.#options.clock.monotonicMs() - this.#enteredAtMs;
  }

  #requireProcess(): EngineProcess {
    if (this.#process === null) throw new Error("a node that runs has no process");
    return this.#process;
  }
}
