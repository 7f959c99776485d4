/**
 * What must hold at every tick, and what is only counted.
 *
 *   one primary     Say that a write was executed under the epoch of its engine's leader record. Once a client has been
 *                   told of a write of a newer epoch, no write that runs later under an older one is acknowledged.
 *                   Excused, and counted: on an engine whose agent is dead, and cannot hold writes, until the next one has
 *                   been there for `agentBackMs` (decision 18); and on a machine for `afterThawMs` after it was frozen, when
 *                   what had come in meanwhile runs before anything else can.
 *   durable         A write acknowledged as replicated is in the data of every later primary, and at the end. Excused:
 *                   every engine of the cache that had it was killed before another had it. One on a frozen host whose node has been
 *                   replaced is none of the cache's any more.
 *   kept            Where a persistent cache goes on with what was on a disk, no node's disk has anything newer.
 *   epochs          Those of the stored leader and route, and of each gateway's route in force, never fall.
 *   resumption      After one fault of its kind alone, writes succeed again within `resumesMs`.
 *   moves           Where nothing but planned moves happens, every write is acknowledged, and none is lost or doubled.
 *
 * Acknowledged asynchronous writes that a failover lost are counted.
 */
import type { Leader } from "@larder/api";
import { byNewest } from "../packages/agent/persistence/kept-position.ts";
import type { CacheDocument } from "../packages/controller/documents/cache-document.ts";
import { Write } from "./client.ts";
import { type FakeEngine, ping } from "./fake-engine.ts";
import type { GatewayModel } from "./gateway-model.ts";
import { cacheStoreKey } from "./stored-cache.ts";
import type { World } from "./world.ts";

export interface Execution {
  runId: string;
  epoch: number;
  atMs: number;
  excuse: Excuse | null;
}

type Excuse = "beside a dead agent" | "after a thaw";

/** Longer than a new agent takes to find its engines and to hold their writes. */
const agentBackMs = 50;
const afterThawMs = 1_100;

export class Invariants {
  readonly failures: string[] = [];
  readonly writes: Write[] = [];
  readonly holdsMs: number[] = [];
  readonly excused: Record<Excuse, number> = { "beside a dead agent": 0, "after a thaw": 0 };
  /** How often a cache went on with what was on a disk. */
  restored = 0;
  /** The longest time without an acknowledged write. */
  longestSilenceMs = 0;
  #acknowledgedAtMs: number | null = null;
  readonly #world: World;
  readonly #epochTimes = new Map<number, { firstMs: number; lastMs: number }>();
  readonly #extinct = new Set<number>();
  readonly #holdsSince = new Map<GatewayModel, number>();
  readonly #routeEpochs = new WeakMap<GatewayModel, number>();
  #seenRevision = 0;
  #leaderEpoch = 0;
  #routeEpoch = 0;

  constructor(world: World) {
    this.#world = world;
  }

  fail(what: string): void {
    this.#world.trace("VIOLATION", what);
    this.failures.push(`${Math.round(this.#world.clock.monotonicMs())} ms: ${what}`);
  }

  newWrite(onEnd: (write: Write) => void): Write {
    const write = new Write(this.writes.length, (ended) => {
      this.#world.trace(`write ${ended.id}`, ended.outcome ?? "");
      if (ended.outcome === "acknowledged") this.#acknowledged(ended);
      onEnd(ended);
    });
    this.writes.push(write);
    return write;
  }

  /** A write has just run on the engine. */
  executed(engine: FakeEngine): Execution {
    const { runId, epoch } = engine;
    return { runId, epoch, atMs: this.#world.clock.monotonicMs(), excuse: this.#excuse(engine) };
  }

  onPromotion(engine: FakeEngine): void {
    this.#world.trace(engine.runId, `is promoted, with ${engine.stream.length}`);
  }

  onKill(engine: FakeEngine): void {
    const own = new Set(this.#world.cache.nodes.map(({ nodeId }) => nodeId));
    const living = this.#world.livingEngines().filter(({ nodeId }) => own.has(nodeId));
    const kept = new Set(living.flatMap(({ stream }) => stream));
    for (const id of engine.stream) if (id !== ping && !kept.has(id)) this.#extinct.add(id);
  }

  onHold(gateway: GatewayModel): void {
    this.#holdsSince.set(gateway, this.#world.clock.monotonicMs());
  }

  onHoldEnd(gateway: GatewayModel): void {
    const since = this.#holdsSince.get(gateway);
    if (since !== undefined) this.holdsMs.push(this.#world.clock.monotonicMs() - since);
    this.#holdsSince.delete(gateway);
  }

  /** After every event. */
  look(): void {
    const { disk, gateways } = this.#world;
    for (const { life } of gateways) if (life !== null) this.#lookAtGateway(life);
    if (disk.revision === this.#seenRevision) return;
    this.#seenRevision = disk.revision;
    const cache = disk.value<CacheDocument>(cacheStoreKey);
    if (cache !== undefined) this.#lookAtCache(cache);
  }

  /** Of the primary that is left when all is quiet. */
  lookAtEnd(primary: FakeEngine): void {
    this.#requireDurable(primary);
    const counts = new Map<number, number>();
    for (const id of primary.stream) if (id !== ping) counts.set(id, (counts.get(id) ?? 0) + 1);
    for (const [id, count] of counts) if (count > 1) this.fail(`write ${id} was done ${count} times`);
  }

  /** `withAllCopies`: every engine that had it was killed. The others a failover passed over. */
  lost(primary: FakeEngine): { withAllCopies: Write[]; passedOver: Write[] } {
    const kept = new Set(primary.stream);
    const lost = this.writes.filter(({ id, outcome }) => outcome === "acknowledged" && !kept.has(id));
    return {
      withAllCopies: lost.filter(({ id }) => this.#extinct.has(id)),
      passedOver: lost.filter(({ id }) => !this.#extinct.has(id)),
    };
  }

  #acknowledged({ id, execution }: Write): void {
    if (execution === null) return this.fail(`write ${id} was acknowledged by nobody`);
    const nowMs = this.#world.clock.monotonicMs();
    this.longestSilenceMs = Math.max(this.longestSilenceMs, nowMs - (this.#acknowledgedAtMs ?? nowMs));
    this.#acknowledgedAtMs = nowMs;
    const { epoch, atMs, excuse, runId } = execution;
    const own = this.#epochTimes.get(epoch) ?? { firstMs: atMs, lastMs: Number.NEGATIVE_INFINITY };
    own.firstMs = Math.min(own.firstMs, atMs);
    const newerMs = Math.min(
      ...[...this.#epochTimes].flatMap(([other, { firstMs }]) => (other > epoch ? firstMs : [])),
    );
    if (atMs > newerMs && excuse !== null) this.excused[excuse]++;
    else own.lastMs = Math.max(own.lastMs, atMs);
    this.#epochTimes.set(epoch, own);
    const stale = [...this.#epochTimes].find(([other, { lastMs }]) => other < epoch && lastMs > own.firstMs);
    if (atMs > newerMs && excuse === null)
      this.fail(`write ${id} ran on ${runId} of epoch ${epoch}, after a newer epoch had begun`);
    else if (stale !== undefined) this.fail(`a write of epoch ${stale[0]} ran after write ${id} of epoch ${epoch}`);
  }

  #excuse({ process: { machine } }: FakeEngine): Excuse | null {
    const nowMs = this.#world.clock.monotonicMs();
    if (nowMs - machine.thawedAtMs < afterThawMs) return "after a thaw";
    const agent = this.#world.hosts.find((host) => host.machine === machine)?.agent?.process;
    return agent?.isAlive && nowMs - agent.bornMs > agentBackMs ? null : "beside a dead agent";
  }

  #requireDurable({ runId, stream }: FakeEngine): void {
    const kept = new Set(stream);
    for (const { id, outcome, isDurable } of this.writes)
      if (isDurable && outcome === "acknowledged" && !kept.has(id) && !this.#extinct.has(id))
        return this.fail(`the durable write ${id} is not in the primary ${runId}`);
  }

  /** Of a leader that began with what it had kept: one that holds a copy is the copy's newest, whatever the disks have. */
  #requireNewest({ nodeId, runId, epoch }: Leader): void {
    const { hosts, cache } = this.#world;
    const record = hosts.flatMap(({ disk }) => disk.records.get(nodeId) ?? [])[0];
    if (record?.runId !== runId || record.epochs.copiedEpoch > 0 || record.restored === null) return;
    this.restored++;
    for (const node of cache.nodes) {
      const kept = this.#world.host(node.hostId).disk.kept.get(node.nodeId);
      if (kept !== undefined && kept.epoch < epoch && byNewest(kept, record.restored) < 0)
        this.fail(`${runId} leads with what it kept, and ${node.nodeId} has kept what is newer`);
    }
  }

  #lookAtGateway(gateway: GatewayModel): void {
    const before = this.#routeEpochs.get(gateway) ?? 0;
    if (gateway.routeEpoch < before) this.fail(`a gateway's route fell from epoch ${before} to ${gateway.routeEpoch}`);
    this.#routeEpochs.set(gateway, gateway.routeEpoch);
  }

  #lookAtCache({ leader, route, move, settledGeneration }: CacheDocument): void {
    this.#world.isCreated ||= settledGeneration > 0;
    const epoch = leader?.epoch ?? 0;
    if (epoch < this.#leaderEpoch) this.fail(`the leader's epoch fell from ${this.#leaderEpoch} to ${epoch}`);
    if (route.epoch < this.#routeEpoch) this.fail(`the route's epoch fell from ${this.#routeEpoch} to ${route.epoch}`);
    const leads =
      leader === null ? "nobody" : `${leader.runId} (epoch ${epoch}${leader.endedAtMs === null ? "" : ", ended"})`;
    const moves = move === null ? "" : `, moves to ${move.target.nodeId}: ${move.phase}`;
    this.#world.trace("store", `leader ${leads}, route ${route.node?.nodeId ?? "none"} (epoch ${route.epoch})${moves}`);
    const appointed = this.#world.livingEngines().find(({ runId }) => runId === leader?.runId);
    if (epoch > this.#leaderEpoch && leader?.endedAtMs === null && appointed !== undefined)
      this.#requireDurable(appointed);
    if (epoch > this.#leaderEpoch && leader?.endedAtMs === null && this.#leaderEpoch > 0) this.#requireNewest(leader);
    this.#leaderEpoch = epoch;
    this.#routeEpoch = route.epoch;
  }
}
