/**
 * Which notices a step of maintenance is worth. Pure.
 *
 *   a move begins for an update, a drain or a size   Starting, Start
 *   it is handed over                                FailoverComplete, Ended
 *   it is called off                                 Ended
 *   an update waits for a window that opens soon     Scheduled
 *
 * Azure says Starting 20 seconds before: its applications can make use of them, as they are about to lose their
 * connections. Here none is lost, clients are held for milliseconds, and nobody would gain by a node that is to go staying
 * longer. So both are said at once, just before.
 *
 * Replaced replicas are not announced, as applications never speak to them; nor is what the cache's owner asked for at that
 * moment, a switchover or a reboot. A primary that dies in the middle of a move ends that without a word: whoever listened
 * has lost the connection with it.
 */
import { type EngineVersion, isOlder } from "@larder/api";
import { type CacheDocument, type MoveCause, servingNode } from "../documents/cache-document.ts";
import type { CacheAction } from "../reconcile/plan/plan-cache.ts";
import { isOpen, nextOpening } from "../updates/patch-window.ts";
import type { MaintenanceNotice, NoticeType } from "./maintenance-notice.ts";

const isAnnounced: Record<MoveCause, boolean> = {
  update: true,
  drain: true,
  scale: true,
  switchover: false,
  reboot: false,
  replicas: false,
  import: false,
  migration: false,
};
/** So long before its window opens an update is announced, as Azure does. */
const scheduledAheadMs = 15 * 60_000;

/** `cache` is as it was before the action. */
export function noticesOf(cache: CacheDocument, action: CacheAction, nowMs: number): MaintenanceNotice[] {
  const cause = action.type === "beginMove" ? action.cause : cache.move?.cause;
  if (cause === undefined || !isAnnounced[cause]) return [];
  const say = (type: NoticeType, startMs: number | null) => ofPrimary(cache, type, startMs);
  switch (action.type) {
    case "beginMove":
      return [say("NodeMaintenanceStarting", nowMs), say("NodeMaintenanceStart", null)];
    case "handOver":
      return [say("NodeMaintenanceFailoverComplete", null), say("NodeMaintenanceEnded", nowMs)];
    case "callOff":
      return [say("NodeMaintenanceEnded", nowMs)];
    default:
      return [];
  }
}

/** undefined: no update of the primary's engine waits for a window that opens so soon. `engine`: what the cache is to have. */
export function scheduledNotice(
  cache: CacheDocument,
  engine: EngineVersion | null,
  nowMs: number,
): MaintenanceNotice | undefined {
  const { update, patchSchedule } = cache;
  const present = servingNode(cache).engine;
  const isPending = engine !== null && present !== null && isOlder(present, engine);
  const waits = !update.startNow && !update.paused && update.stopped === null && !isOpen(patchSchedule, nowMs);
  const opensMs = nextOpening(patchSchedule, nowMs);
  if (!isPending || !waits || opensMs === null || opensMs - nowMs > scheduledAheadMs) return undefined;
  return ofPrimary(cache, "NodeMaintenanceScheduled", opensMs);
}

function ofPrimary(cache: CacheDocument, type: NoticeType, startMs: number | null): MaintenanceNotice {
  return { type, startMs, isReplica: false, hostId: servingNode(cache).hostId };
}
