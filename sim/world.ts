/** All that there is in one run: machines, their processes, the network between them, and the store's disk. */
import type { Address, NodeId, Route } from "@larder/api";
import type { CacheDocument } from "../packages/controller/documents/cache-document.ts";
import type { OperationDocument } from "../packages/controller/documents/operation-document.ts";
import type { Chance } from "./chance.ts";
import { Client } from "./client.ts";
import { VirtualClock } from "./clock.ts";
import { ControllerLife } from "./controller-life.ts";
import type { FakeEngine } from "./fake-engine.ts";
import { type GatewayDisk, GatewayModel } from "./gateway-model.ts";
import { Host } from "./host.ts";
import { Invariants } from "./invariants.ts";
import { MemoryDisk } from "./memory-store.ts";
import { Network } from "./network.ts";
import { Operator } from "./operator.ts";
import { Machine } from "./process.ts";
import type { Scenario } from "./scenario.ts";
import { cacheStoreKey, operationStoreKey, storedAtStart } from "./stored-cache.ts";

const firstPort = 20_000;
const durableTimeoutMs = 1_000;

export type Trace = (who: string, what: string) => void;

export interface GatewayPlace {
  machine: Machine;
  disk: GatewayDisk;
  life: GatewayModel | null;
}

export class World {
  readonly clock = new VirtualClock();
  readonly chance: Chance;
  readonly network: Network;
  readonly disk = new MemoryDisk();
  readonly watch: Invariants;
  readonly trace: Trace;
  readonly hosts: Host[];
  readonly gateways: GatewayPlace[];
  readonly clients: Client[];
  readonly operator: Operator;
  readonly backlog: number;
  controller: ControllerLife;
  /** As the route will say it. */
  readonly durable: Route["durableWrites"];
  slowDiskMs = 0;
  /** Whether hosts have the newer engine, too. */
  hasNewEngine = false;
  /** Whether the cache has been there once, as asked. */
  isCreated = false;
  readonly #controllerMachine: Machine;
  readonly #engines = new Map<string, FakeEngine>();
  #lives = 0;

  constructor(scenario: Scenario, chance: Chance, trace: (atMs: number, who: string, what: string) => void) {
    this.chance = chance;
    this.trace = (who, what) => trace(this.clock.monotonicMs(), who, what);
    this.network = new Network(this.clock, chance);
    this.watch = new Invariants(this);
    this.backlog = scenario.backlog;
    this.durable = scenario.isDurable ? { replicas: 1, timeoutMs: durableTimeoutMs } : null;
    this.hosts = Array.from({ length: scenario.hosts }, (_, index) => new Host(index + 1, this));
    this.gateways = scenario.gateways.map((name) => ({
      machine: this.#machine(name),
      disk: { table: null },
      life: null,
    }));
    this.clients = Array.from({ length: scenario.clients }, () => new Client(this));
    this.operator = new Operator(this);
    this.disk.commit({ put: storedAtStart(scenario, this.clock.nowMs()) });
    this.#controllerMachine = this.#machine("controller");
    this.controller = new ControllerLife(this.#controllerMachine, this);
  }

  start(): void {
    void this.controller.start();
    for (const host of this.hosts) host.startAgent();
    for (const index of this.gateways.keys()) this.startGateway(index);
    for (const client of this.clients) client.start();
  }

  startController(): void {
    if (this.controller.process.isAlive) return;
    this.trace("controller", "starts");
    this.controller = new ControllerLife(this.#controllerMachine, this);
    void this.controller.start();
  }

  startGateway(index: number): void {
    const place = this.gateways[index] as GatewayPlace;
    if (place.life?.process.isAlive) return;
    place.life = new GatewayModel(place.machine, place.disk, this);
    place.life.start();
  }

  get machines(): string[] {
    const names = [...this.hosts, ...this.gateways].map(({ machine }) => machine.name);
    return [...new Set(["controller", ...names])];
  }

  get cache(): CacheDocument {
    return this.disk.value<CacheDocument>(cacheStoreKey) as CacheDocument;
  }

  get operation(): OperationDocument {
    return this.disk.value<OperationDocument>(operationStoreKey) as OperationDocument;
  }

  get livingGateways(): GatewayModel[] {
    return this.gateways.flatMap(({ life }) => (life?.process.isAlive ? [life] : []));
  }

  host(hostId: string): Host {
    return this.hosts.find((host) => host.hostId === hostId) as Host;
  }

  engine({ hostId, nodeId }: { hostId: string; nodeId: NodeId }): FakeEngine | undefined {
    return this.host(hostId).engines.get(nodeId);
  }

  engineAt({ host, port }: Address): FakeEngine | undefined {
    const engine = this.#engines.get(`${host}:${port}`);
    return engine?.process.isAlive ? engine : undefined;
  }

  addEngine(engine: FakeEngine): void {
    this.trace(engine.runId, "starts");
    this.#engines.set(`${engine.address.host}:${engine.address.port}`, engine);
  }

  livingEngines(): FakeEngine[] {
    return [...this.#engines.values()].filter(({ process }) => process.isAlive);
  }

  nextLife(): { number: number; port: number } {
    const number = ++this.#lives;
    return { number, port: firstPort + number };
  }

  #machine(name: string): Machine {
    return this.hosts.find(({ hostId }) => hostId === name)?.machine ?? new Machine(name, this.clock);
  }
}
