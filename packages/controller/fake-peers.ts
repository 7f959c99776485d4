/** An agent and a gateway that speak the internal protocol and run nothing, for tests of the controller alone. */
import {
  type AgentAnswer,
  type AgentDesired,
  type AgentMessage,
  type AgentOrder,
  type AgentReport,
  changedTable,
  type FilesOrder,
  type GatewayReport,
  type NodeObserved,
  type NodeSpec,
  type ReplicationObserved,
  type ReplicationSpec,
  type ReportAnswer,
  type ReportStamp,
  type RouteChanges,
  type RouteTable,
  type TransferObserved,
  type TransferSpec,
} from "@larder/api";
import { ControllerLink, createLog, systemClock, systemRandomness } from "@larder/service";
import { transferObservedFixture } from "./documents/transfer-fixture.ts";

const GiB = 1024 ** 3;
const keepAliveMs = 5_000;

function linkTo(socketPath: string): ControllerLink {
  const log = createLog("fake", "error");
  return new ControllerLink({
    door: { socketPath },
    keepAliveMs,
    clock: systemClock,
    randomness: systemRandomness,
    log,
  });
}

export class FakeAgent {
  hostId = "host-1";
  zone: string | null = null;
  memoryBytesTotal = 16 * GiB;
  memoryBytesUsed = 1024 * 1024;
  engines: AgentReport["engines"] = [
    { name: "valkey", version: "8.0.1", kind: "native", path: "/valkey-server", memoryBytesMax: null, hasTls: true },
  ];
  /** What a node that is asked for comes to. */
  outcome: (spec: NodeSpec) => Partial<NodeObserved> = () => ({});
  /** How far a transfer that is asked for has come. */
  progress: (spec: TransferSpec) => Partial<TransferObserved> = () => ({});
  desired: AgentDesired | undefined;
  /** Every order that came. */
  readonly orders: AgentOrder[] = [];
  /** What an order comes to; undefined: no answer. */
  answer: (order: AgentOrder) => Omit<AgentAnswer, "orderId"> | undefined = () => ({ error: null, offset: null });
  /** What a question about files comes to. */
  answerFiles: (order: FilesOrder) => Omit<AgentAnswer, "orderId"> = () => ({ error: null, offset: null });
  #stamp: ReportStamp | null = null;
  #reported = Promise.resolve(true);
  readonly #stopping = new AbortController();
  readonly #link: ControllerLink;

  constructor(socketPath: string) {
    this.#link = linkTo(socketPath);
  }

  async start(): Promise<void> {
    await this.report();
    void this.#link.follow<AgentMessage>(
      `/agent/watch?host=${this.hostId}`,
      (message) => this.#hear(message),
      this.#stopping.signal,
    );
  }

  #hear(message: AgentMessage): void {
    if ("order" in message) {
      this.orders.push(message.order);
      const answer = this.answer(message.order);
      const { orderId } = message.order;
      if (answer !== undefined) void this.#link.report("/agent/answer", { orderId, ...answer } satisfies AgentAnswer);
      return;
    }
    if ("files" in message) {
      const { orderId } = message.files;
      void this.#link.report("/agent/answer", { orderId, ...this.answerFiles(message.files) } satisfies AgentAnswer);
      return;
    }
    this.desired = message;
    void this.report();
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** It becomes one of the service's hosts. */
  async register(name: string): Promise<void> {
    await this.#link.ask("/agent/register", { hostId: this.hostId, name, address: "127.0.0.1", zone: null });
  }

  /** Whether it was taken, at the second try where it came too late. One after another, as a report's stamp counts for one. */
  report(): Promise<boolean> {
    const taken = this.#reported.then(async () => (await this.#reportOnce()) || (await this.#reportOnce()));
    this.#reported = taken;
    return taken;
  }

  async #reportOnce(): Promise<boolean> {
    try {
      const { stamp, isTaken } = await this.#link.ask<ReportAnswer>("/agent/report", this.#report());
      this.#stamp = stamp;
      return isTaken;
    } catch {
      return false;
    }
  }

  #report(): AgentReport {
    return {
      hostId: this.hostId,
      stamp: this.#stamp,
      memoryBytesTotal: this.memoryBytesTotal,
      engines: this.engines,
      address: "127.0.0.1",
      zone: this.zone,
      engineKind: "auto",
      transfers: (this.desired?.transfers ?? []).map((spec) =>
        transferObservedFixture(spec.transferId, this.progress(spec)),
      ),
      nodes: (this.desired?.nodes ?? []).map((spec) => this.#observe(spec)),
    };
  }

  #observe(spec: NodeSpec): NodeObserved {
    return {
      nodeId: spec.nodeId,
      cacheId: spec.cacheId,
      generation: spec.generation,
      accessGeneration: spec.accessGeneration,
      refusedUsers: [],
      state: "running",
      socketPath: `/run/${spec.nodeId}.sock`,
      pid: 1,
      runId: "1",
      engine: this.engines[0] ?? null,
      memoryBytesUsed: this.memoryBytesUsed,
      error: null,
      endedRunId: null,
      restored: null,
      persistence: null,
      replication: spec.replication === null ? null : replicationOf(spec, spec.replication),
      ...this.outcome(spec),
    };
  }
}

/** Each follows at once what it is told, and has it all. */
function replicationOf({ nodeId, isIntake }: NodeSpec, { leader }: ReplicationSpec): ReplicationObserved {
  const epoch = leader?.epoch ?? 0;
  const leads = isIntake || leader?.nodeId === nodeId;
  const role = leader === null ? "detached" : leads ? "primary" : "replica";
  const address = { host: "127.0.0.1", port: 20_000 };
  return {
    address,
    role,
    epoch,
    copiedEpoch: epoch,
    offset: 0,
    inSync: role === "replica",
    hearsLeader: role === "replica",
    holdsWrites: false,
    replicas: [],
  };
}

export class FakeGateway {
  worker: string = systemRandomness.uuid();
  /** Ports that somebody else has. */
  portsInUse = new Set<number>();
  /** Names; each is at an address of its own. */
  privateNetworks: string[] = [];
  metrics: Record<string, number> = {};
  table: RouteTable | undefined;
  /** Every table that was in force. */
  readonly tables: RouteTable[] = [];
  readonly #stopping = new AbortController();
  readonly #link: ControllerLink;

  constructor(socketPath: string) {
    this.#link = linkTo(socketPath);
  }

  start(): void {
    void this.#link.follow<RouteTable | RouteChanges>(
      `/gateway/watch?worker=${this.worker}`,
      (message) => {
        const table = "changed" in message ? changedTable(this.table as RouteTable, message) : message;
        this.table = table;
        this.tables.push(table);
        void this.report();
      },
      this.#stopping.signal,
    );
  }

  stop(): void {
    this.#stopping.abort();
  }

  report(): Promise<boolean> {
    const routes = this.table?.routes ?? [];
    return this.#link.report("/gateway/report", {
      worker: this.worker,
      index: 1,
      workers: 1,
      pid: 1,
      life: this.table?.life,
      revision: this.table?.revision ?? 0,
      listeners: routes.flatMap((route) =>
        [route.hasTls ? route.tlsPort : null, route.plainPort]
          .filter((port) => port !== null)
          .map((port) => ({ cacheId: route.cacheId, port, error: this.portsInUse.has(port) ? "EADDRINUSE" : null })),
      ),
      privateNetworks: this.privateNetworks.map((name, index) => ({
        name,
        address: `10.0.${index}.4`,
        error: null,
        failedPorts: [],
      })),
      clients: routes.map((route) => ({ cacheId: route.cacheId, connected: 0 })),
      moves: routes.flatMap(({ cacheId, move }) => {
        if (move === null) return [];
        return { cacheId, moveId: move.moveId, state: move.phase === "hold" ? "drained" : "prepared", inFlight: 0 };
      }),
      metrics: this.metrics,
    } satisfies GatewayReport);
  }
}
