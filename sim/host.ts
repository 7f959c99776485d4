/** A host: its disk, which outlives all, its engines, which outlive agents, and the agent of the moment. */
import type { Address, AgentDesired, CacheId, EngineFound, EngineVersion, NodeId, RestoredData } from "@larder/api";
import type { Epochs } from "../packages/agent/engine/replication-plan.ts";
import { AgentModel } from "./agent-model.ts";
import { engines } from "./engines.ts";
import { FakeEngine } from "./fake-engine.ts";
import type { KeptData } from "./kept-data.ts";
import { Machine, Process } from "./process.ts";
import type { World } from "./world.ts";

/** What an agent writes down about the last life of a node's engine. */
export interface NodeRecord {
  cacheId: CacheId;
  runId: string;
  generation: number;
  epochs: Epochs;
  /** What that life began with. */
  restored: RestoredData | null;
}

export class Host {
  readonly hostId: string;
  readonly machine: Machine;
  readonly disk = {
    desired: null as AgentDesired | null,
    records: new Map<NodeId, NodeRecord>(),
    kept: new Map<NodeId, KeptData>(),
  };
  readonly engines = new Map<NodeId, FakeEngine>();
  agent: AgentModel | null = null;
  readonly #world: World;
  readonly #address: string;

  constructor(number: number, world: World) {
    this.hostId = `host-${number}`;
    this.#address = `127.0.0.${number}`;
    this.#world = world;
    this.machine = new Machine(this.hostId, world.clock);
  }

  get address(): string {
    return this.#address;
  }

  /** The preferred first. */
  get engineVersions(): EngineFound[] {
    return this.#world.hasNewEngine ? [engines.new, engines.old] : [engines.old];
  }

  startAgent(): void {
    if (this.agent?.process.isAlive) return;
    this.agent = new AgentModel(this, this.#world);
    this.agent.start();
  }

  killAgent(): void {
    this.agent?.process.end();
  }

  /** From outside: what nobody else has is lost. */
  killEngine(nodeId: NodeId): void {
    const engine = this.engines.get(nodeId);
    this.endEngine(nodeId);
    if (engine !== undefined) this.#world.watch.onKill(engine);
  }

  /** By its agent. */
  endEngine(nodeId: NodeId): void {
    const engine = this.engines.get(nodeId);
    if (engine === undefined) return;
    this.#world.trace(engine.runId, "ends");
    this.engines.delete(nodeId);
    engine.process.end();
  }

  /** A new life, empty and detached, at a port that no life before it had. */
  startEngine(nodeId: NodeId, asked: EngineVersion | null): FakeEngine {
    const { number, port } = this.#world.nextLife();
    const address: Address = { host: this.#address, port };
    const process = new Process(this.machine);
    const found = this.engineVersions;
    const version = found.find((one) => one.version === asked?.version) ?? found[0] ?? engines.old;
    const engine = new FakeEngine({ nodeId, version, runId: `${nodeId}#${number}`, address, process }, this.#world);
    this.engines.set(nodeId, engine);
    this.#world.addEngine(engine);
    return engine;
  }
}
