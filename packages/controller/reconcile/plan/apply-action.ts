/** What an action makes of the documents. Pure: the caller commits all of it in one transaction, or none. */
import type { CacheEvent, NodeId, TransferObserved } from "@larder/api";
import {
  allNodes,
  type CacheDocument,
  type CacheNode,
  type MoveCause,
  openPorts,
  type RouteNode,
} from "../../documents/cache-document.ts";
import type { OperationDocument } from "../../documents/operation-document.ts";
import type { TransferDocument } from "../../documents/transfer-document.ts";
import { cacheWithout, withoutIntake } from "../../transfers/transfer-end.ts";
import { transferAfter } from "../../transfers/transfer-steps.ts";
import { eventOf } from "./event-of.ts";
import type { CacheAction } from "./plan-cache.ts";

export interface Applied {
  /** undefined: the document is deleted. */
  cache: CacheDocument | undefined;
  /** How the change's operation ended, where the action ended it. */
  operationEnd: Pick<OperationDocument, "error"> | undefined;
  /** A transfer that the action concerns, as it is then. One that is over ends its own operation. */
  transfer?: TransferDocument;
  /** What the cache's history says of it; undefined: nothing. */
  event: Omit<CacheEvent, "number" | "time"> | undefined;
}

/** What an action needs that no document has. */
export interface Circumstances {
  nowMs: number;
  newNodeId(cache: CacheDocument): NodeId;
  freePortAfter(port: number): number;
  /** The last that was heard of a transfer. */
  progressOf(transfer: TransferDocument): TransferObserved | null;
}

type TransferConcerned = Extract<CacheAction, { transfer: TransferDocument } | { transfer: TransferDocument | null }>;

/** A move that was called off is tried again after so long, twice as long each time. */
const moveAgain = { firstMs: 5_000, maxMs: 600_000 };
/** One that was asked for is given up after so many times; others go on, as their cause does. */
const moveTimesMax = 5;

export function applyAction(cache: CacheDocument, action: CacheAction, at: Circumstances): Applied {
  const transfer =
    "transfer" in action && action.transfer !== null ? transferOf(action, action.transfer, at) : undefined;
  const event = eventOf(cache, action, { nowMs: at.nowMs, transfer });
  return { ...outcomeOf(cache, action, at), ...(transfer === undefined ? {} : { transfer }), event };
}

function outcomeOf(cache: CacheDocument, action: CacheAction, at: Circumstances): Omit<Applied, "event"> {
  const { nowMs } = at;
  switch (action.type) {
    case "appoint":
      return unended(renewed(appointed(cache, action, nowMs)));
    case "publishNode":
      return unended({ ...cache, route: routeTo(cache, action.node), outage: null });
    case "publishReaders":
      return unended({ ...cache, route: { ...cache.route, readNodes: action.readNodes } });
    case "movePort": {
      const moved = { port: at.freePortAfter(action.from), served: false };
      return unended({ ...cache, ports: { ...cache.ports, [action.which]: moved } });
    }
    case "settle":
      return { cache: settled(cache), operationEnd: { error: null } };
    case "fail":
      return { cache: { ...cache, change: null, failure: action.problem }, operationEnd: { error: action.problem } };
    case "removeNode":
      return unended({ ...cache, removal: "node" });
    case "forget":
      return { cache: undefined, operationEnd: { error: null } };
    case "beginMove":
      return unended(movingTo(cache, action, nowMs));
    case "holdMove":
      return unended({ ...cache, move: cache.move && { ...cache.move, phase: "hold", phaseMs: nowMs } });
    case "handOver":
      return unended(renewed(handedOver(cache, action)));
    case "relieved":
      return unended(renewed({ ...cache, relieve: null }));
    case "callOff":
      return unended(calledOff(cache, nowMs));
    case "stayLeader":
      return unended({ ...cache, relieve: null });
    case "addNode":
      return unended(renewed({ ...cache, nodes: [...cache.nodes, newNode(cache, action, at)] }));
    case "dropNode":
      return unended(renewed({ ...cache, nodes: cache.nodes.filter(({ nodeId }) => nodeId !== action.nodeId) }));
    case "resizeNode":
      return unended(renewed(withNode(cache, action.nodeId, { memoryBytes: action.memoryBytes })));
    case "nodeRestarted":
      return unended(renewed(withNode(cache, action.nodeId, { endRunId: null })));
    case "tellPersistence":
      return unended({ ...cache, persistenceTold: action.told });
    case "stopUpdate":
      return unended({ ...cache, update: { ...cache.update, startNow: false, stopped: action.problem } });
    case "addIntake": {
      const { transferId, task } = action.transfer;
      const cause = task.kind === "migrate" ? "migration" : "import";
      return unended(renewed({ ...cache, intake: { transferId, cause, node: newNode(cache, action, at) } }));
    }
    case "cutOver":
      // Agents learn that there is somebody who may take over.
      return unended(renewed(movingTo(cache, action, nowMs)));
    case "dropIntake":
      return unended(withoutIntake(cache));
    case "endTransfer":
      return unended(cacheWithout(cache, action.transfer));
    case "startTransfer":
    case "relocateTransfer":
    case "transferGoesOn":
      return unended(cache);
  }
}

/** What the action makes of the transfer that it concerns. */
function transferOf(action: TransferConcerned, transfer: TransferDocument, at: Circumstances): TransferDocument {
  const now = { nowMs: at.nowMs, progress: at.progressOf(transfer) };
  switch (action.type) {
    case "addIntake":
      return transfer;
    case "startTransfer":
      return transferAfter(transfer, { type: "start", nodeId: action.nodeId }, now);
    case "relocateTransfer":
      return transferAfter(transfer, { type: "relocate", isLost: action.isLost }, now);
    case "cutOver":
      return transferAfter(transfer, { type: "cutOver" }, now);
    case "transferGoesOn":
      return transferAfter(transfer, { type: "goOn" }, now);
    case "endTransfer":
      return transferAfter(transfer, { type: "end", status: action.status, problem: action.problem }, now);
    case "handOver":
      // Its agent has a last word to say.
      if (transfer.task.kind === "migrate") return { ...transfer, progress: now.progress ?? transfer.progress };
      return transferAfter(transfer, { type: "end", status: "succeeded", problem: null }, now);
  }
}

function newNode(
  cache: CacheDocument,
  { hostId, memoryBytes, engine }: Pick<CacheNode, "hostId" | "memoryBytes" | "engine">,
  at: Circumstances,
): CacheNode {
  return { nodeId: at.newNodeId(cache), hostId, memoryBytes, engine, addedMs: at.nowMs, endRunId: null };
}

function movingTo(
  cache: CacheDocument,
  { target, cause }: { target: RouteNode; cause: MoveCause },
  nowMs: number,
): CacheDocument {
  const moveId = `${target.nodeId}@${nowMs}`;
  return { ...cache, move: { moveId, target, phase: "prepare", cause, startMs: nowMs, phaseMs: nowMs } };
}

/** A successor, or the end of a leader without one yet. What was planned with the one before is over. */
function appointed(
  cache: CacheDocument,
  { leader, cause }: Extract<CacheAction, { type: "appoint" }>,
  nowMs: number,
): CacheDocument {
  // Who follows, and with which data, is known only at the end.
  const outage = cause === "" ? null : { sinceMs: cache.outage?.sinceMs ?? nowMs, cause };
  const isOther = leader.runId !== cache.leader?.runId;
  // A move that is held may have made its target a primary, with the next epoch.
  const epoch = cache.move?.phase === "hold" ? Math.max(leader.epoch, (cache.leader?.epoch ?? 0) + 2) : leader.epoch;
  // One that only ends has the data that it began with: whoever copied that is a whole copy still.
  const firstEpoch = isOther && leader.firstEpoch === leader.epoch ? epoch : leader.firstEpoch;
  const relieve = isOther ? null : cache.relieve;
  // Where it was to be rebooted as a replica it is not now: it has what nobody else may have.
  const staysUp = (node: CacheNode) => isOther && node.endRunId === leader.runId && !isRebootOfAll(cache);
  const nodes = cache.nodes.map((node) => (staysUp(node) ? { ...node, endRunId: null } : node));
  return { ...cache, nodes, leader: { ...leader, epoch, firstEpoch }, move: null, moveTrouble: null, relieve, outage };
}

/** The leader is to end as well, and nobody is to take over before. */
function isRebootOfAll({ nodes, leader, relieve }: CacheDocument): boolean {
  return (
    relieve === null && nodes.some(({ nodeId, endRunId }) => nodeId === leader?.nodeId && endRunId === leader.runId)
  );
}

/** A node that was filled becomes one of the cache's: its data is the cache's now, and the others will follow it. */
function handedOver(before: CacheDocument, { leader }: Extract<CacheAction, { type: "handOver" }>): CacheDocument {
  const isFilled = leader.nodeId === before.intake?.node.nodeId;
  const cache = isFilled ? { ...before, nodes: allNodes(before), intake: null } : before;
  const route = routeTo(cache, cache.move?.target ?? null);
  const isToEnd = cache.nodes.some(({ endRunId }) => endRunId !== null && endRunId === cache.relieve?.runId);
  return { ...cache, leader, route, move: null, moveTrouble: null, relieve: isToEnd ? cache.relieve : null };
}

function routeTo({ route }: CacheDocument, node: RouteNode | null): CacheDocument["route"] {
  const readNodes = route.readNodes.filter(({ nodeId }) => nodeId !== node?.nodeId);
  return { epoch: route.epoch + 1, node, readNodes };
}

/** Where the target may already lead, the present leader is confirmed with an epoch above that. */
function calledOff(cache: CacheDocument, nowMs: number): CacheDocument {
  const times = (cache.moveTrouble?.times ?? 0) + 1;
  const isGivenUp = times >= moveTimesMax;
  const next: CacheDocument = {
    ...cache,
    move: null,
    moveTrouble: { times, notBeforeMs: nowMs + Math.min(moveAgain.maxMs, moveAgain.firstMs * 2 ** (times - 1)) },
    relieve: isGivenUp ? null : cache.relieve,
  };
  if (cache.move?.phase !== "hold" || cache.leader === null) return next;
  return renewed({ ...next, leader: { ...cache.leader, epoch: cache.leader.epoch + 2 } });
}

function withNode(cache: CacheDocument, nodeId: NodeId, change: Partial<CacheNode>): CacheDocument {
  return { ...cache, nodes: cache.nodes.map((node) => (node.nodeId === nodeId ? { ...node, ...change } : node)) };
}

/** Agents have something to do. */
function renewed(cache: CacheDocument): CacheDocument {
  return { ...cache, generation: cache.generation + 1 };
}

function unended(cache: CacheDocument): Omit<Applied, "event"> {
  return { cache, operationEnd: undefined };
}

function settled(cache: CacheDocument): CacheDocument {
  const open = openPorts(cache);
  const served = (which: "tls" | "plain") => ({
    ...cache.ports[which],
    served: cache.ports[which].served || open[which] !== null,
  });
  return {
    ...cache,
    settledGeneration: cache.generation,
    change: null,
    failure: null,
    update: { ...cache.update, startNow: false },
    ports: { tls: served("tls"), plain: served("plain") },
  };
}
