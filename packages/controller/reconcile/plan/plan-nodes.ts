/**
 * Which nodes a cache has, and what brings them to what they should be: as many as asked, of the wanted size and engine, on
 * hosts that are to stay. Pure. Looked at while the cache has a primary and no move is under way.
 *
 * A node that has to go is replaced: another is added, becomes a whole copy, takes over where the old one leads, and then
 * the old one is dropped. Replicas go before the primary. So at no time are there fewer copies than asked, and a node alone
 * loses nothing either. Where no host has room for one more, an update drops a replica first.
 *
 * A size is changed in place where the host has the memory. An engine that is older than its leader's cannot follow it.
 */
import { type EngineVersion, isOlder, type NodeId, type RouteNode } from "@larder/api";
import type { CacheDocument, CacheNode, MoveCause, Problem } from "../../documents/cache-document.ts";
import { limitsOf } from "../../documents/derive.ts";
import type { CacheObserved } from "./observed.ts";
import { isRunning, routeNodeOf } from "./serving.ts";

export type NodesAction =
  | { type: "resizeNode"; nodeId: NodeId; memoryBytes: number }
  | { type: "addNode"; hostId: string; memoryBytes: number; engine: EngineVersion | null; cause: MoveCause }
  | { type: "dropNode"; nodeId: NodeId; cause: MoveCause }
  | { type: "nodeRestarted"; nodeId: NodeId }
  | { type: "beginMove"; target: RouteNode; cause: MoveCause }
  | { type: "relieved" }
  | { type: "stayLeader"; reason: string }
  | { type: "stopUpdate"; problem: Problem };

export interface NodesPlan {
  action: NodesAction | undefined;
  /** Why it goes no further now; undefined: all is as it should be. */
  waitsFor: Problem | undefined;
  lookAgainAtMs: number | null;
}

/** A new node that is no whole copy after so long ends an update. */
const copyLimitMs = 30 * 60_000;
/** As long as with a creation. */
const startTriesMs = 10_000;

export function planNodes(cache: CacheDocument, observed: CacheObserved, nowMs: number): NodesPlan {
  const at = new Standing(cache, observed, nowMs);
  return (
    at.restarted() ??
    at.resized() ??
    at.relieved() ??
    at.updateStopped() ??
    at.completed() ??
    at.replaced() ??
    at.reduced() ??
    at.ready()
  );
}

/** The nodes of one cache as they are now. Each question answers with a plan, or undefined where it finds nothing to do. */
class Standing {
  readonly #cache: CacheDocument;
  readonly #observed: CacheObserved;
  readonly #nowMs: number;
  readonly #wantedBytes: number;
  readonly #count: number;

  constructor(cache: CacheDocument, observed: CacheObserved, nowMs: number) {
    this.#cache = cache;
    this.#observed = observed;
    this.#nowMs = nowMs;
    this.#wantedBytes = limitsOf(cache).memoryBytes;
    this.#count = cache.settings.replicas + 1;
  }

  /** A life that was to end is over, and its node is a whole copy again. */
  restarted(): NodesPlan | undefined {
    const ended = this.#cache.nodes.find(({ nodeId, endRunId }) => {
      const seen = this.#seen(nodeId);
      return endRunId !== null && seen?.state === "running" && seen.runId !== endRunId;
    });
    return ended && act({ type: "nodeRestarted", nodeId: ended.nodeId });
  }

  /** In place: less at once, more where the host has it. */
  resized(): NodesPlan | undefined {
    const node = this.#cache.nodes.find((one) => one.memoryBytes !== this.#wantedBytes && this.#canResize(one));
    return node && act({ type: "resizeNode", nodeId: node.nodeId, memoryBytes: this.#wantedBytes });
  }

  /** Somebody asked for another primary. */
  relieved(): NodesPlan | undefined {
    const { relieve, leader } = this.#cache;
    if (relieve === null) return undefined;
    if (relieve.runId !== leader?.runId) return this.#areGatewaysDone() ? act({ type: "relieved" }) : waitForGateways();
    const target = this.#successors()[0];
    if (target !== undefined) return this.#move(target, relieve.cause);
    if (this.#cache.nodes.length > 1) return wait("No replica has all of the data yet.");
    return act({ type: "stayLeader", reason: "There is no replica that could take over." });
  }

  /** An update does not go on past a node that does not come up. */
  updateStopped(): NodesPlan | undefined {
    if (!this.#isUpdating) return undefined;
    const fresh = this.#staying().find((node) => !this.#isWhole(node));
    if (fresh === undefined) return undefined;
    const { seen, failingSinceMs } = this.#observedOf(fresh.nodeId) ?? { seen: null, failingSinceMs: null };
    const fails = failingSinceMs !== null && this.#nowMs >= failingSinceMs + startTriesMs;
    if (!fails && this.#nowMs < fresh.addedMs + copyLimitMs) return undefined;
    const why = seen?.error?.message ?? "It did not get a whole copy of the data in time.";
    const problem = {
      code: seen?.error?.code ?? "UpdateStopped",
      message: `The node with the new engine failed: ${why}`,
    };
    return act({ type: "stopUpdate", problem });
  }

  /** Fewer nodes than asked. */
  completed(): NodesPlan | undefined {
    return this.#cache.nodes.length < this.#count ? this.#add("replicas") : undefined;
  }

  /** A node has to go and its successor is not there yet. */
  replaced(): NodesPlan | undefined {
    const leaving = this.#leaving()[0];
    if (leaving === undefined || this.#cache.nodes.length > this.#count) return undefined;
    const { place } = this.#observed.around;
    if ("hostId" in place) return this.#add(leaving.cause);
    const isSpare = leaving.node.nodeId !== this.#leaderId && this.#cache.nodes.length > 1;
    if (leaving.cause !== "update" || !isSpare) return wait(place.problem.message, place.problem.code);
    return act({ type: "dropNode", nodeId: leaving.node.nodeId, cause: leaving.cause });
  }

  /** More nodes than asked: those go that have to, once the others are whole copies. */
  reduced(): NodesPlan | undefined {
    if (this.#cache.nodes.length <= this.#count) return undefined;
    if (!this.#areGatewaysDone()) return waitForGateways();
    const leaving = this.#leaving();
    if (leaving.length === 0) return this.#dropSurplus();
    if (!this.#staying().every((node) => this.#isWhole(node))) return this.#waitForCopy();
    const spare = this.#spare(leaving.map(({ node }) => node));
    const cause = leaving.find(({ node }) => node === spare)?.cause;
    if (spare !== undefined && cause !== undefined) return act({ type: "dropNode", nodeId: spare.nodeId, cause });
    const target = this.#successors()[0];
    return target === undefined ? this.#waitForCopy() : this.#move(target, leaving[0]?.cause ?? "update");
  }

  ready(): NodesPlan {
    if (this.#cache.nodes.some(({ endRunId }) => endRunId !== null)) return wait("A node is being restarted.");
    return { action: undefined, waitsFor: undefined, lookAgainAtMs: null };
  }

  /** Whoever is missed least: one without a whole copy, and of those that are not heard of the newest. */
  #spare(nodes: readonly CacheNode[]): CacheNode | undefined {
    return nodes
      .filter(({ nodeId }) => nodeId !== this.#leaderId)
      .toReversed()
      .sort((a, b) => Number(this.#isWhole(a)) - Number(this.#isWhole(b)))[0];
  }

  #dropSurplus(): NodesPlan {
    const spare = this.#spare(this.#cache.nodes);
    return spare === undefined
      ? wait("There is no primary.")
      : act({ type: "dropNode", nodeId: spare.nodeId, cause: "replicas" });
  }

  #add(cause: MoveCause): NodesPlan {
    const { place, engine } = this.#observed.around;
    if ("problem" in place) return wait(place.problem.message, place.problem.code);
    return act({
      type: "addNode",
      hostId: place.hostId,
      memoryBytes: this.#wantedBytes,
      engine: this.#engineFor(engine, cause),
      cause,
    });
  }

  /** Outside an update a new node has the engine of the others. */
  #engineFor(wanted: EngineVersion | null, cause: MoveCause): EngineVersion | null {
    const present = this.#cache.nodes.find(({ nodeId }) => nodeId === this.#leaderId)?.engine ?? wanted;
    return cause === "update" || this.#isUpdating ? wanted : present;
  }

  #move(target: CacheNode, cause: MoveCause): NodesPlan {
    const { moveTrouble } = this.#cache;
    if (moveTrouble !== null && this.#nowMs < moveTrouble.notBeforeMs)
      return {
        ...wait("The change of the primary was called off and will be tried again."),
        lookAgainAtMs: moveTrouble.notBeforeMs,
      };
    const seen = this.#seen(target.nodeId);
    const node = seen === null ? undefined : routeNodeOf(seen);
    return node === undefined ? this.#waitForCopy() : act({ type: "beginMove", target: node, cause });
  }

  /** Nobody uses a former primary any more. */
  #areGatewaysDone(): boolean {
    return this.#observed.gateways.every((gateway) => gateway.acknowledged);
  }

  #waitForCopy(): NodesPlan {
    return wait("A new node does not have all of the data yet.");
  }

  /** Why nodes have to go. Replicas first. */
  #leaving(): { node: CacheNode; cause: MoveCause }[] {
    return this.#cache.nodes
      .flatMap((node) => {
        const cause = this.#whyLeaving(node);
        return cause === undefined ? [] : [{ node, cause }];
      })
      .sort((a, b) => Number(a.node.nodeId === this.#leaderId) - Number(b.node.nodeId === this.#leaderId));
  }

  #staying(): CacheNode[] {
    return this.#cache.nodes.filter((node) => this.#whyLeaving(node) === undefined);
  }

  #whyLeaving(node: CacheNode): MoveCause | undefined {
    const { hostsDraining } = this.#observed.around;
    if (hostsDraining.includes(node.hostId)) return "drain";
    if (node.memoryBytes !== this.#wantedBytes && !this.#canResize(node)) return "scale";
    return this.#isOutdated(node) && this.#isUpdating ? "update" : undefined;
  }

  /** Begun, it goes on when its window has closed: some of its nodes cannot follow others any more. */
  get #isUpdating(): boolean {
    const { around } = this.#observed;
    const { update, nodes } = this.#cache;
    if (update.stopped !== null) return false;
    const outdated = nodes.filter((node) => this.#isOutdated(node)).length;
    return outdated > 0 && (around.mayUpdate || outdated < nodes.length);
  }

  #isOutdated(node: CacheNode): boolean {
    const { engine } = this.#observed.around;
    return engine !== null && node.engine !== null && isOlder(node.engine, engine);
  }

  #canResize({ hostId, memoryBytes }: CacheNode): boolean {
    return this.#wantedBytes <= memoryBytes + (this.#observed.around.freeBytes.get(hostId) ?? 0);
  }

  /** Who could lead next, the best first: whoever is to stay, then whoever has most. */
  #successors(): CacheNode[] {
    const staying = new Set(this.#staying());
    const offsetOf = ({ nodeId }: CacheNode) => this.#seen(nodeId)?.replication?.offset ?? 0;
    return this.#cache.nodes
      .filter((node) => node.nodeId !== this.#leaderId && node.endRunId === null && this.#isWhole(node))
      .filter(
        (node) =>
          staying.has(node) ||
          !this.#cache.nodes.some((other) => staying.has(other) && other.nodeId !== this.#leaderId),
      )
      .sort((a, b) => offsetOf(b) - offsetOf(a));
  }

  /** Leads, or has all that the leader has, and what it was told. */
  #isWhole(node: CacheNode): boolean {
    const seen = this.#seen(node.nodeId);
    if (!isRunning(seen)) return false;
    if (node.nodeId === this.#leaderId) return true;
    // A link that was cut looks like one that is up until somebody speaks.
    const { inSync, hearsLeader, epoch } = seen.replication;
    return inSync && hearsLeader && epoch === this.#cache.leader?.epoch;
  }

  get #leaderId(): NodeId | undefined {
    return this.#cache.leader?.nodeId ?? this.#cache.nodes[0]?.nodeId;
  }

  #seen(nodeId: NodeId) {
    return this.#observedOf(nodeId)?.seen ?? null;
  }

  #observedOf(nodeId: NodeId) {
    return this.#observed.nodes.find((node) => node.nodeId === nodeId);
  }
}

function act(action: NodesAction): NodesPlan {
  return { action, waitsFor: undefined, lookAgainAtMs: null };
}

function wait(message: string, code = "ServiceUnavailable"): NodesPlan {
  return { action: undefined, waitsFor: { code, message }, lookAgainAtMs: null };
}

function waitForGateways(): NodesPlan {
  return wait("A gateway does not have the newest route yet.");
}
