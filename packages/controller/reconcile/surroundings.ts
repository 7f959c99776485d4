/** What the other caches and the hosts leave to one cache, for its plan. Pure. */
import { type AgentReport, type EngineVersion, LarderError } from "@larder/api";
import { placeNode, roomsOf } from "../caches/capacity.ts";
import type { CacheDocument } from "../documents/cache-document.ts";
import type { Surroundings } from "./plan/observed.ts";

export interface Fleet {
  caches: readonly CacheDocument[];
  reports: readonly AgentReport[];
  hostsDraining: readonly string[];
}

export function surroundingsOf(
  cache: CacheDocument,
  fleet: Fleet,
  update: { engine: EngineVersion | null; mayUpdate: boolean },
): Surroundings {
  const { caches, reports, hostsDraining } = fleet;
  const freeBytes = new Map(roomsOf(caches, reports).map((room) => [room.hostId, room.freeBytes]));
  return { hostsDraining, freeBytes, place: placeFor(cache, fleet, update.engine), ...update };
}

function placeFor(
  cache: CacheDocument,
  { caches, reports, hostsDraining }: Fleet,
  engine: EngineVersion | null,
): Surroundings["place"] {
  try {
    const usable = reports.filter(({ hostId }) => !hostsDraining.includes(hostId));
    return { hostId: placeNode(cache, caches, usable, engine) };
  } catch (error) {
    if (!(error instanceof LarderError)) throw error;
    return { problem: { code: error.code, message: error.message } };
  }
}
