/**
 * What agents and gateways last said, in memory. It is lost with the process and comes back with their next reports,
 * which is why nothing is done about a cache before its agent has spoken.
 *
 * An agent is connected while its last report is fresh (agentLimits.lostMs): an open stream says nothing of a frozen host.
 * What a silent agent said last is kept: its engines outlive it. Gateways are in gateway-workers.ts.
 */
import {
  type AgentReport,
  agentLimits,
  type CacheId,
  type GatewayReport,
  type NodeId,
  type NodeObserved,
  type ReportAnswer,
  type TransferId,
  type TransferObserved,
} from "@larder/api";
import type { Clock } from "@larder/service";
import type { CacheNode } from "../documents/cache-document.ts";
import { GatewayWorkers } from "./gateway-workers.ts";
import { ReportStamps } from "./report-stamps.ts";

interface AgentState {
  report: AgentReport | undefined;
  /** Those of the report, to be found. */
  nodes: ReadonlyMap<NodeId, NodeObserved>;
  reportedAtMs: number;
  /** Wall time of that, also once it is disconnected. */
  heardAtMs: number;
  streams: number;
  failingSinceMs: Map<NodeId, number>;
}

export interface ObservationsListener {
  /** Their nodes changed. */
  onNodes(cacheIds: Iterable<CacheId>): void;
  /** How far they are, as agents know them. */
  onTransfers(transferIds: Iterable<TransferId>): void;
  /** An agent spoke for the first time: what happened while this process was away shows now. */
  onAgent(): void;
  /** Who is connected, which route table is in force, which ports are open: of interest to changes under way. */
  onProgress(): void;
}

export class Observations {
  /** Wall time since which reports can have come. */
  readonly sinceMs: number;
  readonly #clock: Clock;
  readonly #stamps: ReportStamps;
  readonly #agents = new Map<string, AgentState>();
  /** How many reports were not taken because they were too old. */
  reportsTooOld = 0;
  /** For what is known of them; what they say comes in through this object, as its listener must learn of it. */
  readonly gateways: GatewayWorkers;
  #listener: ObservationsListener = { onNodes() {}, onTransfers() {}, onAgent() {}, onProgress() {} };
  #waiters = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.sinceMs = clock.nowMs();
    this.#stamps = new ReportStamps(clock);
    this.gateways = new GatewayWorkers(clock);
  }

  listen(listener: ObservationsListener): void {
    this.#listener = listener;
  }

  // ── what they say ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Returns what to call when the stream ends. */
  agentConnected(hostId: string): () => void {
    const agent = this.#agent(hostId);
    agent.streams++;
    this.#tell(() => this.#listener.onProgress());
    return () => {
      agent.streams--;
      if (agent.streams === 0) agent.reportedAtMs = Number.NEGATIVE_INFINITY;
      this.#tell(() => this.#listener.onProgress());
    };
  }

  /** Returns what the agent is to know of this before it reports again. */
  agentReported(report: AgentReport): Pick<ReportAnswer, "stamp" | "isTaken"> {
    // One reading for all: this process may stand still between any two lines, and then believes nothing from before.
    const nowMs = this.#clock.monotonicMs();
    const isTaken = this.#stamps.isFresh(report.stamp, nowMs);
    if (isTaken) this.#takeReport(report, nowMs);
    else if (report.stamp !== null) this.reportsTooOld++;
    return { stamp: this.#stamps.at(nowMs), isTaken };
  }

  #takeReport(report: AgentReport, nowMs: number): void {
    const agent = this.#agent(report.hostId);
    const changed = changedCaches(agent.report?.nodes ?? [], report.nodes);
    const transfers = changedTransfers(agent.report?.transfers ?? [], report.transfers);
    const first = agent.report === undefined;
    agent.report = report;
    agent.nodes = new Map(report.nodes.map((node) => [node.nodeId, node]));
    agent.reportedAtMs = nowMs;
    agent.heardAtMs = this.#clock.nowMs();
    for (const node of report.nodes) this.#trackFailure(agent, node);
    this.#tell(() => {
      if (first) return this.#listener.onAgent();
      this.#listener.onNodes(changed);
      this.#listener.onTransfers(transfers);
    });
  }

  /** Returns what to call when the stream ends. */
  gatewayConnected(worker: string): () => void {
    this.gateways.connected(worker);
    this.#tell(() => this.#listener.onProgress());
    return () => {
      this.gateways.disconnected(worker);
      this.#tell(() => this.#listener.onProgress());
    };
  }

  gatewayReported(report: GatewayReport): void {
    if (this.gateways.reported(report)) this.#tell(() => this.#listener.onProgress());
  }

  // ── what is known ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** The agents that are connected now, as text that is the same while they are. */
  connectedAgents(): string {
    return this.agentReports()
      .map(({ hostId }) => hostId)
      .join(" ");
  }

  /** The newest report of each agent that is connected, sorted by host. */
  agentReports(): AgentReport[] {
    return [...this.#agents.values()]
      .filter((agent) => this.#isConnected(agent))
      .flatMap((agent) => agent.report ?? [])
      .sort((a, b) => a.hostId.localeCompare(b.hostId));
  }

  /** What the host's agent said last, and how long ago; undefined where it has not spoken to this process. */
  lastReport(hostId: string): { report: AgentReport; silentMs: number } | undefined {
    const agent = this.#agents.get(hostId);
    if (agent?.report === undefined) return undefined;
    return { report: agent.report, silentMs: this.#clock.monotonicMs() - agent.reportedAtMs };
  }

  /** What the host's agent said last about the node, whether it is connected or not. */
  node({ hostId, nodeId }: Pick<CacheNode, "nodeId" | "hostId">): {
    connected: boolean;
    node: NodeObserved | null;
    /** Wall time; null while it is connected. */
    silentSinceMs: number | null;
    failingSinceMs: number | null;
  } {
    const agent = this.#agents.get(hostId);
    const connected = agent?.report !== undefined && this.#isConnected(agent);
    return {
      connected,
      silentSinceMs: connected ? null : (agent?.heardAtMs ?? this.sinceMs),
      node: agent?.nodes.get(nodeId) ?? null,
      failingSinceMs: agent?.failingSinceMs.get(nodeId) ?? null,
    };
  }

  /** What the host's agent says of a transfer; null: nothing, or it is not connected. */
  transfer(hostId: string, transferId: TransferId): TransferObserved | null {
    const agent = this.#agents.get(hostId);
    if (agent === undefined || !this.#isConnected(agent)) return null;
    return agent.report?.transfers.find((transfer) => transfer.transferId === transferId) ?? null;
  }

  /** Resolves at the next thing said, or when the signal aborts. */
  nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiters.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      if (signal.aborted) return resolve();
      this.#waiters.add(done);
      signal.addEventListener("abort", done);
    });
  }

  #agent(hostId: string): AgentState {
    let agent = this.#agents.get(hostId);
    if (agent === undefined) {
      agent = {
        report: undefined,
        nodes: new Map(),
        reportedAtMs: Number.NEGATIVE_INFINITY,
        heardAtMs: this.sinceMs,
        streams: 0,
        failingSinceMs: new Map(),
      };
      this.#agents.set(hostId, agent);
    }
    return agent;
  }

  #trackFailure(agent: AgentState, node: NodeObserved): void {
    if (node.state === "running") agent.failingSinceMs.delete(node.nodeId);
    if (node.state === "failed" && !agent.failingSinceMs.has(node.nodeId))
      agent.failingSinceMs.set(node.nodeId, this.#clock.nowMs());
  }

  #isConnected(agent: AgentState): boolean {
    return this.#clock.monotonicMs() - agent.reportedAtMs < agentLimits.lostMs;
  }

  #tell(notify: () => void): void {
    notify();
    for (const wake of [...this.#waiters]) wake();
  }
}

function changedCaches(before: NodeObserved[], after: NodeObserved[]): Set<CacheId> {
  const texts = new Map(before.map((node) => [node.nodeId, withoutGauges(node)]));
  const changed = new Set<CacheId>();
  for (const node of after) {
    if (texts.get(node.nodeId) !== withoutGauges(node)) changed.add(node.cacheId);
    texts.delete(node.nodeId);
  }
  for (const node of before) if (texts.has(node.nodeId)) changed.add(node.cacheId);
  return changed;
}

/** Figures count: how far behind it is decides when a migration takes over. Agents tell of them once a second. */
function changedTransfers(before: TransferObserved[], after: TransferObserved[]): TransferId[] {
  const texts = new Map(before.map((transfer) => [transfer.transferId, JSON.stringify(transfer)]));
  return after.flatMap((transfer) =>
    texts.get(transfer.transferId) === JSON.stringify(transfer) ? [] : transfer.transferId,
  );
}

function withoutGauges({ memoryBytesUsed: _, replication, ...node }: NodeObserved): string {
  const replicas = replication?.replicas.map(({ address, state }) => ({ address, state }));
  return JSON.stringify({ ...node, replication: replication && { ...replication, offset: 0, replicas } });
}
