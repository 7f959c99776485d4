/** What the other caches and the hosts leave to one cache, for its plan. Pure. */
import { type AgentReport, LarderError } from "@larder/api";
import { placeNode, roomsOf } from "../caches/capacity.ts";
import type { CacheDocument } from "../documents/cache-document.ts";
import { isOpen } from "../updates/patch-window.ts";
import { wantedEngine } from "../updates/wanted-engine.ts";
import type { Surroundings } from "./plan/observed.ts";

export interface Fleet {
  caches: readonly CacheDocument[];
  reports: readonly AgentReport[];
  hostsDraining: readonly string[];
}

export function surroundingsOf(cache: CacheDocument, fleet: Fleet, nowMs: number): Surroundings {
  const { caches, hostsDraining } = fleet;
  const reports = fleet.reports.filter(({ hostId }) => !hostsDraining.includes(hostId));
  const engine = wantedEngine(cache.settings.redisVersion, reports);
  const { update, patchSchedule } = cache;
  let freeBytes: Surroundings["freeBytes"] | undefined;
  return {
    hostsDraining,
    engine,
    // These look at all caches. Most plans ask for none, and clients are held while a move's are made.
    get freeBytes() {
      freeBytes ??= new Map(roomsOf(caches, fleet.reports).map((room) => [room.hostId, room.freeBytes]));
      return freeBytes;
    },
    get place() {
      return placeFor(cache, { caches, reports }, engine);
    },
    get mayUpdate() {
      const isTime = !update.paused && (update.startNow || isOpen(patchSchedule, nowMs));
      return isTime && !isAnotherUpdating(cache, caches);
    },
  };
}

/** One cache at a time: an engine that does no good shows on the first. */
function isAnotherUpdating(cache: CacheDocument, caches: readonly CacheDocument[]): boolean {
  return caches.some(({ cacheId, nodes }) => {
    const engines = new Set(nodes.flatMap(({ engine }) => (engine === null ? [] : `${engine.name} ${engine.version}`)));
    return cacheId !== cache.cacheId && engines.size > 1;
  });
}

function placeFor(
  cache: CacheDocument,
  { caches, reports }: Pick<Fleet, "caches" | "reports">,
  engine: Surroundings["engine"],
): Surroundings["place"] {
  try {
    return { hostId: placeNode(cache, caches, reports, engine) };
  } catch (error) {
    if (!(error instanceof LarderError)) throw error;
    return { problem: { code: error.code, message: error.message } };
  }
}
