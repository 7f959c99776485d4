/**
 * An agent as agent-protocol.ts describes it: follows its stream of documents and orders, keeps the last document on disk,
 * and reports. Its nodes are in node-model.ts.
 */
import {
  type AgentAnswer,
  type AgentDesired,
  type AgentMessage,
  type AgentReport,
  agentLimits,
  type NodeId,
  type ReportStamp,
} from "@larder/api";
import { ControllerLine } from "./controller-line.ts";
import type { Host } from "./host.ts";
import { NodeModel } from "./node-model.ts";
import { Process } from "./process.ts";
import type { World } from "./world.ts";

const diskMs = [0, 8] as const;

export class AgentModel {
  readonly host: Host;
  readonly process: Process;
  readonly world: World;
  readonly #line: ControllerLine;
  readonly #nodes = new Map<NodeId, NodeModel>();
  #revision = 0;
  #currentAtMs = 0;
  #stamp: ReportStamp | null = null;
  /** When the newest report was sent that the controller has, and all that it had said by then was heard. */
  reportTakenMs = Number.NEGATIVE_INFINITY;

  constructor(host: Host, world: World) {
    this.host = host;
    this.world = world;
    this.process = new Process(host.machine);
    this.#line = new ControllerLine(this.process, world, agentLimits.keepAliveMs);
  }

  start(): void {
    const { desired, records } = this.host.disk;
    if (desired !== null) this.#want(desired);
    for (const nodeId of records.keys()) this.#node(nodeId).wake();
    this.#line.follow(
      (controller, pipe, say) => controller.watchAgent(this.host.hostId, pipe, say),
      (line) => this.#hear(line),
    );
    this.changed();
    this.process.every(agentLimits.reportEveryMs, () => this.changed());
  }

  /** Reports at once, or as soon as the last report has been answered. */
  changed(): void {
    this.#line.report(
      () => {
        const report = JSON.stringify(this.#observed());
        return (controller) => controller.agentReported(JSON.parse(report) as AgentReport);
      },
      ({ revision, stamp, isTaken }, sentMs) => {
        this.#stamp = stamp;
        if (!isTaken) return "too late";
        const isCurrent = this.#revision >= revision;
        if (isCurrent) this.reportTakenMs = sentMs;
        const nowMs = this.process.monotonicMs();
        const isLate = !isCurrent && nowMs - this.#currentAtMs > agentLimits.documentLateMs;
        if (isCurrent || isLate) this.#currentAtMs = nowMs;
        if (isLate) this.#line.reopen();
        return isCurrent ? "taken" : "failed";
      },
      agentLimits.lostMs,
    );
  }

  // ── what it is told ────────────────────────────────────────────────────────────────────────────────────────────────

  #hear(line: string): void {
    const message = JSON.parse(line) as AgentMessage;
    if ("order" in message) this.#node(message.order.nodeId).takeOrder(message.order, (answer) => this.#answer(answer));
    else if (!("files" in message)) this.#take(message);
  }

  #take(desired: AgentDesired): void {
    this.#revision = desired.revision;
    this.#want(desired);
    const wanted = new Set(desired.nodes.map(({ nodeId }) => nodeId));
    for (const [nodeId, node] of this.#nodes) if (!wanted.has(nodeId)) node.want("unwanted");
    this.process.after(this.world.chance.between(...diskMs), () => {
      this.host.disk.desired = desired;
    });
  }

  #want(desired: AgentDesired): void {
    for (const spec of desired.nodes) this.#node(spec.nodeId).want(spec);
  }

  #node(nodeId: NodeId): NodeModel {
    let node = this.#nodes.get(nodeId);
    if (node === undefined) {
      node = new NodeModel(nodeId, this);
      this.#nodes.set(nodeId, node);
    }
    return node;
  }

  // ── what it says ───────────────────────────────────────────────────────────────────────────────────────────────────

  #answer(answer: AgentAnswer): void {
    this.#line.post(
      (controller) => controller.agentAnswered(answer),
      () => {},
    );
  }

  #observed(): AgentReport {
    return {
      hostId: this.host.hostId,
      stamp: this.#stamp,
      address: this.host.address,
      zone: null,
      memoryBytesTotal: 64 * 1024 ** 3,
      engines: this.host.engineVersions,
      engineKind: "auto",
      transfers: [],
      nodes: [...this.#nodes.values()].flatMap((node) => node.observed() ?? []),
    };
  }
}
