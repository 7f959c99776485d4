/** What a cache's history says of an action. Pure. */
import type { CacheEvent, NodeId } from "@larder/api";
import type { CacheDocument, MoveCause } from "../../documents/cache-document.ts";
import type { TransferDocument } from "../../documents/transfer-document.ts";
import { transferEvent } from "../../transfers/transfer-event.ts";
import type { CacheAction } from "./plan-cache.ts";

type Event = Omit<CacheEvent, "number" | "time">;

const causeTexts: Record<MoveCause, string> = {
  switchover: "asked for",
  reboot: "a reboot was asked for",
  update: "an update of the engine",
  scale: "another size was asked for",
  drain: "a host is being emptied",
  replicas: "another number of replicas was asked for",
  import: "an import",
  migration: "a migration",
};

const eventKinds: Record<MoveCause, Event["kind"]> = {
  switchover: "switchover",
  reboot: "reboot",
  update: "update",
  scale: "scale",
  drain: "node",
  replicas: "replicas",
  import: "import",
  migration: "migration",
};

/** undefined: nothing that anybody would want to read. `transfer`: that the action concerns, as it is after it. */
export function eventOf(
  cache: CacheDocument,
  action: CacheAction,
  { nowMs, transfer }: { nowMs: number; transfer?: TransferDocument | undefined },
): Event | undefined {
  const none = { durationMs: null, holdMs: null };
  switch (action.type) {
    case "publishNode":
      return failoverEvent(cache, action.node?.nodeId, nowMs);
    case "settle":
      return settledEvent(cache);
    case "fail":
      return { ...none, kind: "problem", cause: action.problem.code, text: action.problem.message };
    case "handOver": {
      const { move } = cache;
      if (move === null) return undefined;
      if (transfer?.endedMs != null) return { ...transferEvent(transfer, nowMs), holdMs: nowMs - move.phaseMs };
      const text = `${action.to.nodeId} took over from ${action.from.nodeId}`;
      const times = { durationMs: nowMs - move.startMs, holdMs: nowMs - move.phaseMs };
      return { ...times, kind: "switchover", cause: causeTexts[move.cause], text };
    }
    case "callOff": {
      const durationMs = nowMs - (cache.move?.startMs ?? nowMs);
      return {
        kind: "problem",
        cause: action.reason,
        text: "A change of the primary was called off",
        durationMs,
        holdMs: null,
      };
    }
    case "stayLeader":
      return { ...none, kind: "problem", cause: action.reason, text: "The primary stays" };
    case "addNode":
      return { ...none, kind: eventKinds[action.cause], cause: causeTexts[action.cause], text: "A node was added" };
    case "dropNode":
      return {
        ...none,
        kind: eventKinds[action.cause],
        cause: action.cause === "replicas" ? "there were more nodes than asked for" : causeTexts[action.cause],
        text: `${action.nodeId} was removed`,
      };
    case "resizeNode": {
      const text = `${action.nodeId} has ${Math.round(action.memoryBytes / 2 ** 20)} MB now`;
      return { ...none, kind: "scale", cause: causeTexts.scale, text };
    }
    case "nodeRestarted":
      return { ...none, kind: "reboot", cause: causeTexts.reboot, text: `${action.nodeId} was restarted` };
    case "tellPersistence": {
      const { cause, text, durationMs } = action;
      return { ...none, kind: "persistence", cause, text, durationMs };
    }
    case "stopUpdate":
      return {
        ...none,
        kind: "update",
        cause: action.problem.message,
        text: "The update was stopped; the cache stays as it was",
      };
    case "endTransfer":
      return transfer && transferEvent(transfer, nowMs);
    default:
      return undefined;
  }
}

function failoverEvent({ outage }: CacheDocument, to: NodeId | undefined, nowMs: number): Event | undefined {
  if (outage === null || to === undefined) return undefined;
  return {
    kind: "failover",
    cause: outage.cause,
    text: `${to} is the primary`,
    durationMs: nowMs - outage.sinceMs,
    holdMs: null,
  };
}

function settledEvent({ change, settledGeneration }: CacheDocument): Event | undefined {
  if (change?.kind !== "create" || settledGeneration !== 0) return undefined;
  return { kind: "created", cause: "asked for", text: "The cache is ready", durationMs: null, holdMs: null };
}
