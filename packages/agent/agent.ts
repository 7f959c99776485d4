/**
 * The agent of a host: makes the host's engine processes what the controller wants, and tells it what there is. It
 * decides nothing else. Its own death or absence stops no engine; the next agent adopts what runs.
 *
 * What is wanted is the last `AgentDesired`, on disk in desired.json until a newer one comes. A node is removed only on
 * a document from the living controller: a file that is missing or cut short must never cost data.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  type AgentDesired,
  type AgentMessage,
  type AgentOrder,
  type AgentReport,
  agentLimits,
  type ControllerLife,
  type EngineKind,
  type FilesOrder,
  type HostIntroduction,
  LarderError,
  type NodeId,
  type NodeSpec,
  type ReportAnswer,
  type ReportStamp,
} from "@larder/api";
import {
  type Clock,
  type ControllerDoor,
  ControllerLink,
  type Log,
  type Randomness,
  Resealing,
  readSealedFile,
  resealFile,
  type SecretKeys,
  type Started,
  type StopReason,
  writeSealedFile,
} from "@larder/service";
import { findLiving } from "./engine/adopt.ts";
import { noEngineError } from "./engine/find.ts";
import { NodeCertificate } from "./engine/node-certificate.ts";
import type { ReplicationHost } from "./engine/replication-place.ts";
import { ensureHostId, hostMemoryBytes } from "./host.ts";
import { HostEngines } from "./host-engines.ts";
import { HostLook } from "./host-look.ts";
import { lockDirectory } from "./lock.ts";
import { type Credentials, Membership } from "./membership.ts";
import { listNodes, nodePaths, nodesDirectory, resealRecord } from "./node-folder.ts";
import { answerOrder } from "./node-orders.ts";
import { NodeSupervisor } from "./node-supervisor.ts";
import { ForkTurn } from "./persistence/fork-turn.ts";
import { Reporter, type ReportFate } from "./reporter.ts";
import { answerFilesOrder } from "./transfer/backup/stored-backups.ts";
import { TransferRunner } from "./transfer/transfer-runner.ts";

export interface AgentOptions {
  dataDirectory: string;
  keys: SecretKeys;
  socketDirectory: string;
  door: ControllerDoor;
  /** undefined for the agent of the controller's own machine. */
  credentials: Credentials | undefined;
  introduction: Omit<HostIntroduction, "hostId">;
  hostsOnMachine: number;
  engineKind: "auto" | EngineKind;
  enginePath: string | undefined;
  searchPath: string;
  replicationHost: ReplicationHost;
  /** Folders beneath which files may be that transfers read and write. */
  storageRoots: readonly string[];
  clock: Clock;
  randomness: Randomness;
  log: Log;
}

export class Agent implements Started {
  readonly #options: AgentOptions;
  readonly #link: ControllerLink;
  readonly #reporter: Reporter;
  readonly #engines: HostEngines;
  readonly #certificate: NodeCertificate;
  readonly #hostLook: HostLook;
  readonly #forks = new ForkTurn();
  readonly #nodes = new Map<NodeId, NodeSupervisor>();
  readonly #transfers: TransferRunner;
  readonly #resealing: Resealing;
  readonly #stopped = new AbortController();
  #wanted = new Map<NodeId, NodeSpec>();
  /** Of the newest document that was heard. */
  #life: ControllerLife;
  #revision = 0;
  /** Of the controller's newest answer to a report. */
  #stamp: ReportStamp | null = null;
  /** When it was last known to be the newest that there was. */
  #currentAtMs = 0;
  #host: { hostId: string; lock: { close(): void } } | null = null;
  #loops: Promise<unknown> = Promise.resolve();

  constructor(options: AgentOptions) {
    const { clock } = options;
    this.#options = options;
    this.#link = new ControllerLink({ ...options, keepAliveMs: agentLimits.keepAliveMs });
    const send = () => this.#send();
    this.#reporter = new Reporter({ send, everyMs: agentLimits.reportEveryMs, clock });
    this.#engines = new HostEngines(options);
    this.#certificate = new NodeCertificate(options.replicationHost.tls);
    const onEngines = () => this.#reporter.changed();
    this.#transfers = new TransferRunner({
      ...options,
      engineOf: (nodeId) => this.#nodes.get(nodeId)?.transferEngine ?? null,
      onChange: () => this.#reporter.changed(),
    });
    const onResealed = () => this.#reporter.changed();
    this.#resealing = new Resealing({ ...options, reseal: () => this.#reseal(), onResealed });
    this.#hostLook = new HostLook({ engines: this.#engines, certificate: this.#certificate, onEngines, clock });
  }

  /** The host was removed from the service: what it runs is nobody's any more. */
  get ended(): Promise<LarderError> {
    return this.#link.removed;
  }

  /** Throws EngineNotAvailable on a host that has no engine and no node, DataDirectoryUnusable and AlreadyRunning. */
  async start(): Promise<void> {
    const { dataDirectory, engineKind } = this.#options;
    const enginesSoon = this.#engines.find();
    // Awaited below; a failure before that must not count as unhandled.
    enginesSoon.catch(() => {});
    ensureDirectories(this.#options);
    const lock = lockDirectory(dataDirectory);
    const { found } = await enginesSoon;
    if (found.length === 0 && !(await this.#hasLivingNode())) throw noEngineError(engineKind);
    this.#host = { hostId: this.#ensureHostId(), lock };
    this.#certificate.look();
    this.#resume();
    const { signal } = this.#stopped;
    this.#loops = Promise.all([
      this.#reporter.run(signal),
      this.#follow(),
      this.#membership().run(signal),
      this.#hostLook.run(signal),
      this.#resealing.run(signal),
    ]);
  }

  /** Looks at once which engines the host has, and whether its certificate is another. */
  lookAtHost(): void {
    this.#hostLook.soon();
  }

  async stop(reason: StopReason): Promise<void> {
    this.#stopped.abort();
    await this.#transfers.stop();
    await Promise.all([...this.#nodes.values()].map((node) => node.stop(reason === "asked" ? "end" : "leave")));
    await this.#loops;
    this.#host?.lock.close();
  }

  #ensureHostId(): string {
    const { credentials, dataDirectory, randomness } = this.#options;
    return credentials?.current.hostId ?? ensureHostId(dataDirectory, randomness);
  }

  async #hasLivingNode(): Promise<boolean> {
    const living = await Promise.all(listNodes(this.#options).map((id) => findLiving(nodePaths(this.#options, id))));
    return living.some((one) => one?.record != null);
  }

  /** Goes on with the last document. Folders that it does not name wait for the controller. */
  #resume(): void {
    this.#wanted = new Map(this.#readDesired()?.nodes.map((spec) => [spec.nodeId, spec]));
    this.#superviseWanted();
    for (const nodeId of listNodes(this.#options)) if (!this.#nodes.has(nodeId)) this.#supervise(nodeId, "unknown");
  }

  #readDesired(): AgentDesired | undefined {
    const { log } = this.#options;
    try {
      return readSealedFile<AgentDesired>(this.#desiredPath, this.#options.keys);
    } catch {
      // The error may quote the file, which has secrets.
      log.warn("desired.json is not readable; waiting for the controller");
      return undefined;
    }
  }

  #reseal(): void {
    resealFile(this.#desiredPath, this.#options.keys);
    for (const nodeId of listNodes(this.#options)) resealRecord(nodePaths(this.#options, nodeId));
  }

  #membership(): Membership {
    const introduction = { ...this.#options.introduction, hostId: this.#requireHost().hostId };
    return new Membership({ ...this.#options, link: this.#link, introduction });
  }

  #follow(): Promise<void> {
    const { hostId } = this.#requireHost();
    const path = `/agent/watch?host=${encodeURIComponent(hostId)}`;
    return this.#link.follow<AgentMessage>(path, (message) => this.#hear(message), this.#stopped.signal);
  }

  #hear(message: AgentMessage): void {
    if ("order" in message) void this.#carryOut(message.order);
    else if ("files" in message) void this.#answerFiles(message.files);
    else this.#take(message);
  }

  /** The answer is sent once: whoever gave the order can go on without it. */
  async #carryOut(order: AgentOrder): Promise<void> {
    const answer = await answerOrder(order, this.#nodes.get(order.nodeId));
    this.#options.log.info({ nodeId: order.nodeId, order: order.kind, code: answer.error?.code }, "order answered");
    await this.#link.report("/agent/answer", answer);
  }

  async #answerFiles(order: FilesOrder): Promise<void> {
    const answer = await answerFilesOrder(order, this.#options, this.#stopped.signal);
    this.#options.log.info({ order: order.kind, code: answer.error?.code }, "files order answered");
    await this.#link.report("/agent/answer", answer);
  }

  /** A document from the living controller. The nodes hear of it first: writing it down takes a disk's time. */
  #take(desired: AgentDesired): void {
    this.#wanted = new Map(desired.nodes.map((spec) => [spec.nodeId, spec]));
    this.#life = desired.life;
    this.#revision = desired.revision;
    for (const [nodeId, node] of this.#nodes) node.want(this.#wanted.get(nodeId) ?? "unwanted");
    this.#superviseWanted();
    this.#transfers.want(desired.transfers);
    writeSealedFile(this.#desiredPath, desired, this.#options.keys);
    this.#reporter.changed();
  }

  /** A node may be wanted again while it still leaves: then it begins anew once it is gone. */
  #superviseWanted(): void {
    for (const [nodeId, node] of this.#nodes) if (node.isGone) this.#nodes.delete(nodeId);
    for (const [nodeId, spec] of this.#wanted) if (!this.#nodes.has(nodeId)) this.#supervise(nodeId, spec);
  }

  #onNodeChange(): void {
    if (!this.#stopped.signal.aborted) this.#superviseWanted();
    this.#transfers.look();
    this.#reporter.changed();
  }

  #supervise(nodeId: NodeId, wanted: NodeSpec | "unknown"): void {
    const node = new NodeSupervisor({
      ...this.#options,
      nodeId,
      wanted,
      paths: nodePaths(this.#options, nodeId),
      engines: this.#engines,
      certificate: this.#certificate,
      forks: this.#forks,
      onChange: () => this.#onNodeChange(),
      unheardMs: () => this.#reporter.silentMs,
      finishTransfer: (order) => this.#transfers.finish(order),
    });
    this.#nodes.set(nodeId, node);
    node.start();
  }

  async #send(): Promise<ReportFate> {
    try {
      // An answer that takes longer renews nothing.
      const timeoutMs = agentLimits.lostMs;
      const answer = await this.#link.ask<ReportAnswer>("/agent/report", this.#report(), timeoutMs);
      this.#stamp = answer.stamp;
      if (!answer.isTaken) return "too late";
      return this.#isCurrent(answer) ? "taken" : "failed";
    } catch {
      return "failed";
    }
  }

  #isCurrent({ life, revision }: ReportAnswer): boolean {
    const isCurrent = this.#life === life && this.#revision >= revision;
    const nowMs = this.#options.clock.monotonicMs();
    const isLate = !isCurrent && nowMs - this.#currentAtMs > agentLimits.documentLateMs;
    if (isCurrent || isLate) this.#currentAtMs = nowMs;
    if (isLate) this.#link.reopen();
    return isCurrent;
  }

  #report(): AgentReport {
    const { hostId } = this.#requireHost();
    const nodes = [...this.#nodes.values()].map((node) => node.observed());
    return {
      hostId,
      stamp: this.#stamp,
      address: this.#options.introduction.address,
      zone: this.#options.introduction.zone,
      memoryBytesTotal: Math.floor(hostMemoryBytes() / this.#options.hostsOnMachine),
      engines: this.#engines.current.found,
      engineKind: this.#options.engineKind,
      transfers: this.#transfers.observed(),
      nodes: nodes.filter((node) => node !== undefined),
      secretsKeyId: this.#resealing.keyId,
    };
  }

  get #desiredPath(): string {
    return join(this.#options.dataDirectory, "desired.json");
  }

  #requireHost(): { hostId: string } {
    if (this.#host === null) throw new Error("the agent was not started");
    return this.#host;
  }
}

function ensureDirectories(options: AgentOptions): void {
  try {
    for (const directory of [nodesDirectory(options), options.socketDirectory])
      mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new LarderError("DataDirectoryUnusable", `${options.dataDirectory} cannot be written.`, { cause: error });
  }
}
