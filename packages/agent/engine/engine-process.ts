/**
 * One engine process of a node: which process it is, the record on disk that says so, and the agent's held connection
 * to it. It does what it is told, once; when and how often is the supervisor's business.
 *
 * Invariant: the record on disk never claims a generation that the process has not fully taken.
 */
import { existsSync } from "node:fs";
import {
  type AgentOrder,
  type EngineFound,
  LarderError,
  type NodeId,
  type NodeSpec,
  type ReplicationObserved,
} from "@larder/api";
import type { Clock, Log } from "@larder/service";
import { type NodePaths, type NodeRecord, readRecord, writeRecord } from "../node-folder.ts";
import type { Source } from "../persistence/beginning.ts";
import { findLiving } from "./adopt.ts";
import { EngineConnection, EngineRefused, EngineUnreachable } from "./ask.ts";
import { describeEngine, type LoadProgress, leaveHistory, progressOf, readReplicationState } from "./engine-answers.ts";
import { recordOf, refuseRestart } from "./engine-record.ts";
import type { Engines } from "./find.ts";
import type { NodeCertificate } from "./node-certificate.ts";
import { PolicyUsers, tryRules } from "./policy-users.ts";
import { isAlive, type ProcessIdentity } from "./process.ts";
import { EngineReplication, type LeadOrder, type ReplicationState } from "./replication.ts";
import { findPlace, type ReplicationHost } from "./replication-place.ts";
import { type Feed, initialEpochs, wantedRole } from "./replication-plan.ts";
import { selectEngine } from "./select.ts";
import { liveCommands } from "./settings.ts";
import { startEngine } from "./start.ts";
import { stopEngine } from "./stop.ts";

export interface EngineContext {
  nodeId: NodeId;
  replicationHost: ReplicationHost;
  log: Log;
  /** Something that the agent reports has changed. */
  onChange: () => void;
  paths: NodePaths;
  engines: { readonly current: Engines };
  certificate: NodeCertificate;
  clock: Clock;
  /** The process ended, or the connection to it did. */
  onLoss: () => void;
}

export class EngineProcess {
  readonly identity: ProcessIdentity;
  readonly policyUsers = new PolicyUsers();
  readonly #context: EngineContext;
  /** null for a process that only its pid file speaks for, until it let us in. */
  #record: NodeRecord | null;
  /** null for a node that only its own host reaches, and as long as there is no record. */
  #replication: EngineReplication | null;
  #connection: EngineConnection | null = null;
  /** Which edition of the nodes' certificate it has read; "" where nobody knows. */
  #certificateEdition = "";
  #loading: LoadProgress | null = null;

  private constructor(context: EngineContext, identity: ProcessIdentity, record: NodeRecord | null) {
    this.#context = context;
    this.identity = identity;
    this.#record = record;
    this.#replication = this.#replicationOf(record?.replication);
  }

  /** The living process that an earlier agent started, if there may be one. */
  static async find(context: EngineContext): Promise<EngineProcess | undefined> {
    const living = await findLiving(context.paths);
    return living && new EngineProcess(context, living.process, living.record);
  }

  /** Starts a process that does not answer yet. Throws EngineNotAvailable or EngineStartFailed. */
  static async start(context: EngineContext, spec: NodeSpec, source: Source | null): Promise<EngineProcess> {
    const { paths, onLoss, replicationHost, certificate } = context;
    const engines = context.engines.current;
    const engine = selectEngine(engines.found, spec);
    const { edition } = certificate;
    const formerPort = readRecord(paths)?.replication?.address.port;
    const place = await findPlace(replicationHost, { spec, engine, formerPort });
    const starting = { spec, engine, nodePath: engines.nodePath, paths, place, source, onExit: onLoss };
    const identity = await startEngine(starting);
    const started = new EngineProcess(context, identity, null);
    started.#certificateEdition = edition;
    const replication = place && { address: place.address, ...initialEpochs, isIntake: spec.isIntake };
    const restored = source?.restored ?? null;
    started.#begin({ ...recordOf(spec), ...started.#facts(engine), runId: null, replication, restored });
    return started;
  }

  get socketPath(): string {
    return this.#record?.socketPath ?? this.#context.paths.socketPath;
  }

  get directory(): string {
    return this.#context.paths.directory;
  }

  get record(): NodeRecord | null {
    return this.#record;
  }

  /** Whether it is only a guess that the process is the node's. */
  get isDoubtful(): boolean {
    return this.#record === null;
  }

  /** Whether it has answered at least once, to this agent or an earlier one. */
  get hasAnswered(): boolean {
    return this.#record?.runId != null;
  }

  /** Whether nothing in its replication is under way that has to be looked at soon. */
  get isSettled(): boolean {
    return this.#replication?.isSettled ?? true;
  }

  /** How far it is with loading what it begins with, as it said last; null where it does not load. */
  get loading(): LoadProgress | null {
    return this.#loading;
  }

  /** It has not answered yet and may be long in loading, with nothing that it says meanwhile. */
  get mayBeLoading(): boolean {
    return !this.hasAnswered && this.#record?.restored != null;
  }

  /** To ask it beside what this class does. Throws EngineUnreachable. */
  get connection(): EngineConnection {
    return this.#connected();
  }

  get isConnected(): boolean {
    return this.#connection !== null;
  }

  /** Whether it once answered and never can again: without its socket's file nobody finds it. */
  get isCutOff(): boolean {
    return this.hasAnswered && !existsSync(this.socketPath);
  }

  isAlive(): Promise<boolean> {
    return isAlive(this.identity);
  }

  /**
   * Connects and makes sure that the right process answers. Returns false while nothing does, or it loads. Throws EngineStartFailed
   * when something else answers, or it does not let the agent in.
   */
  async connect(spec: NodeSpec | undefined): Promise<boolean> {
    const connection = await this.#login(spec);
    if (connection === undefined) return false;
    try {
      if (!(await this.#accept(connection, spec))) {
        connection.close();
        return false;
      }
      await this.#replication?.look(connection);
    } catch (error) {
      connection.close();
      if (error instanceof EngineUnreachable) return false;
      throw error;
    }
    this.#connection = connection;
    void connection.closed.then(() => {
      this.#connection = null;
      this.#context.onLoss();
    });
    return true;
  }

  /** What is seen of its replication since it was connected; null for a node that only its own host reaches. */
  replicationObserved(): ReplicationObserved | null {
    return this.#replication?.observed() ?? null;
  }

  async lookAtReplication(): Promise<void> {
    await this.#replication?.look(this.#connected());
  }

  /** Of a primary: has its replicas say how far they are, which the next look sees. */
  async askReplicas(): Promise<void> {
    await this.#replication?.askReplicas(this.#connected());
  }

  /** Brings the engine to its role. It is on disk only after `apply`: the news of a role is not to wait for a disk. */
  async obeyLeader(spec: NodeSpec): Promise<void> {
    const { replication, isIntake } = spec;
    if (this.#replication === null || !replication) return;
    const runId = this.#record?.runId ?? null;
    this.#noteFollowing(spec);
    await this.#replication.obey(this.#connected(), { replication, isIntake, runId });
  }

  /** What it began with goes as soon as it is copied to. On disk before it follows: a later agent has to know. */
  #noteFollowing({ replication, nodeId, isIntake }: NodeSpec): void {
    const record = this.#record;
    if (record?.restored == null || replication?.leader == null || isIntake) return;
    const { kind } = wantedRole(replication, { nodeId, runId: record.runId, isIntake, feed: null });
    if (kind === "replica") this.#write({ ...record, restored: null });
  }

  /** Whether the record on disk says that the engine has taken the spec. */
  hasTaken(spec: NodeSpec): boolean {
    const record = this.#record;
    const state = this.#replication?.state ?? null;
    return (
      record?.generation === spec.generation &&
      record.replication?.epoch === state?.epoch &&
      record.replication?.copiedEpoch === state?.copiedEpoch &&
      record.replication?.isIntake === state?.isIntake
    );
  }

  /** Brings the running engine to the spec, but for its role. Throws OperationNotSupported where only a restart could. */
  async apply(spec: NodeSpec): Promise<void> {
    const record = this.#record;
    if (record === null) throw new Error("a spec for an engine that has not answered");
    if (record.generation !== spec.generation) {
      refuseRestart(record, spec, this.#replication);
      const users = await this.#ask("ACL", "USERS");
      for (const command of liveCommands(spec, record.engine, Array.isArray(users) ? users.map(String) : []))
        await this.#ask(...command);
      this.policyUsers.forget();
    }
    this.#write({ ...record, ...recordOf(spec), replication: this.#replication?.state ?? null });
  }

  /** Makes it use the nodes' certificate as it is in its files now, unless it does. Throws EngineRefused. */
  async takeCertificate(): Promise<void> {
    const { certificate } = this.#context;
    const { edition } = certificate;
    if (this.#replication === null || this.#record === null || this.#certificateEdition === edition) return;
    for (const command of certificate.reloadCommands(this.#record.engine)) await this.#ask(...command);
    this.#certificateEdition = edition;
    this.#context.log.info({ nodeId: this.#context.nodeId }, "the engine has read the nodes' certificate");
  }

  /** Resolves with the offset after the order, or null where it does not matter. */
  async carryOut(order: AgentOrder, spec: NodeSpec | undefined): Promise<number | null> {
    switch (order.kind) {
      case "flush":
        // The memory is freed behind; replicas get the same command.
        return this.#askPrimary("FLUSHALL", "ASYNC");
      case "publish":
        return this.#askPrimary("PUBLISH", order.channel, order.message);
      case "yield":
        return this.#requireReplication().yield(this.#connected(), order.yieldMs);
      case "lead":
        return order.transferId === null
          ? this.#requireReplication().lead(this.#connected(), order)
          : this.#leadFilled(order, spec);
      case "tryRules":
        return tryRules(this.#connected(), order.rules);
    }
  }

  /** On disk before anybody hears of it: an agent that took it for an intake node again would empty it. */
  async #leadFilled(order: LeadOrder, spec: NodeSpec | undefined): Promise<number> {
    const replication = this.#requireReplication();
    // While it was filled nothing was evicted.
    if (spec !== undefined) await this.#ask("CONFIG", "SET", "maxmemory-policy", spec.maxmemoryPolicy);
    const offset = await replication.lead(this.#connected(), order);
    if (this.#record !== null) this.#write({ ...this.#record, replication: replication.state });
    return offset;
  }

  /** Whether it is being filled: no record that names it was put in force. */
  get isIntake(): boolean {
    return this.#replication?.isIntake === true;
  }

  /** Of an intake node: its engine copies from the feed, instead of what it has; null: no longer. */
  takeFrom(feed: Feed | null): Promise<void> {
    return this.#requireReplication().takeFrom(this.#connected(), feed);
  }

  /** Whether it leads, and nobody says that it follows. */
  get isUnfollowed(): boolean {
    return this.#replication?.isUnfollowed === true;
  }

  /** Holds writes, or lets them go on. */
  async fence(isFenced: boolean): Promise<void> {
    await this.#replication?.fence(this.#connected(), isFenced);
  }

  async #askPrimary(...command: readonly string[]): Promise<null> {
    this.#requirePrimary();
    await this.#ask(...command);
    return null;
  }

  /** One that holds writes would hold this connection, too, and with it the word that lets them go on. */
  #requirePrimary(): void {
    if (this.#replication === null) return;
    const observed = this.#replication.observed();
    if (observed?.role !== "primary") throw new LarderError("Conflict", "The node is not the primary of its cache.");
    if (observed.holdsWrites) throw new LarderError("Conflict", "The primary holds writes at the moment.");
  }

  #requireReplication(): EngineReplication {
    if (this.#replication === null) throw new LarderError("Conflict", "The node does not replicate.");
    return this.#replication;
  }

  async readMemoryBytesUsed(): Promise<number | null> {
    const used = Number((await this.#connected().info("memory")).get("used_memory"));
    return Number.isFinite(used) ? used : null;
  }

  close(): void {
    this.#connection?.close();
  }

  /** Ends the process; false when the kernel will not. One that may be somebody else's is left alone. */
  async end(): Promise<boolean> {
    this.close();
    if (this.#record === null) return true;
    const { socketPath, adminUser } = this.#record;
    return stopEngine({ process: this.identity, socketPath, user: adminUser, clock: this.#context.clock });
  }

  /** The password may have changed while no agent ran, before or after the engine was told. */
  async #login(spec: NodeSpec | undefined): Promise<EngineConnection | undefined> {
    const users = [spec?.adminUser, this.#record?.adminUser].filter((user) => user !== undefined);
    for (const user of users) {
      try {
        return await EngineConnection.open(this.socketPath, user);
      } catch (error) {
        if (error instanceof EngineUnreachable) return undefined;
        if (!(error instanceof EngineRefused)) throw error;
      }
    }
    throw new LarderError("EngineStartFailed", "The engine does not let the agent in.");
  }

  /** False while it loads. */
  async #accept(connection: EngineConnection, spec: NodeSpec | undefined): Promise<boolean> {
    const info = await connection.infos([], ["server", "persistence"]);
    const runId = info.get("run_id") ?? "";
    const known = this.#record?.runId ?? null;
    if (known !== null && known !== runId)
      throw new LarderError("EngineStartFailed", "Another engine answers on the node's socket.");
    this.#loading = progressOf(info);
    if (this.#loading !== null) return false;
    if (known !== null) return true;
    if (this.#record?.restored != null) await leaveHistory(connection);
    if (this.#record !== null) this.#write({ ...this.#record, runId });
    else await this.#identify(connection, spec, info);
    return true;
  }

  /** Of a process that only its pid file spoke for. */
  async #identify(connection: EngineConnection, spec: NodeSpec | undefined, info: Map<string, string>): Promise<void> {
    const runId = info.get("run_id") ?? "";
    if (spec === undefined) throw new Error("a login without a user");
    const engine = describeEngine(info, this.#context.engines.current.found);
    if (engine.kind === "native" && info.get("process_id") !== String(this.identity.pid))
      throw new LarderError("EngineStartFailed", "Another engine answers on the node's socket.");
    // Generation 0 and epoch 0: nobody knows how much of a spec it has taken.
    const replication = await readReplicationState(connection);
    this.#begin({ ...recordOf(spec), ...this.#facts(engine), runId, generation: 0, replication });
  }

  /** The first record of a process. */
  #begin(record: NodeRecord): void {
    this.#write(record);
    this.#replication = this.#replicationOf(record.replication);
  }

  #replicationOf(state: ReplicationState | null | undefined): EngineReplication | null {
    return state ? new EngineReplication(state, this.#context) : null;
  }

  #facts(engine: EngineFound): Pick<NodeRecord, "process" | "socketPath" | "engine"> {
    return { process: this.identity, socketPath: this.socketPath, engine };
  }

  #write(record: NodeRecord): void {
    writeRecord(this.#context.paths, record);
    this.#record = record;
  }

  #ask(...command: readonly string[]): ReturnType<EngineConnection["ask"]> {
    return this.#connected().ask(...command);
  }

  #connected(): EngineConnection {
    if (this.#connection === null) throw new EngineUnreachable("the agent is not connected to the engine");
    return this.#connection;
  }
}
