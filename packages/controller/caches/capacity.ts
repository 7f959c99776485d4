/**
 * Which host has room for a cache. Pure. What counts is what caches were promised (the memory of their SKU), not what
 * they use; a part of each host is kept for the system, the gateway and the engines' own overhead.
 */
import { type AgentReport, LarderError } from "@larder/api";
import type { CacheDocument, CacheSettings } from "../documents/cache-document.ts";
import { limitsOf } from "../documents/derive.ts";

const MiB = 1024 * 1024;
const keptBytesMin = 512 * MiB;
const keptFraction = 0.1;

/**
 * The connected host with the most room among those that fit; `only` keeps a cache where it is. Throws
 * EngineNotAvailable or InsufficientCapacity with the figures.
 */
export function placeCache(
  wanted: Pick<CacheDocument, "cacheId" | "settings">,
  caches: readonly CacheDocument[],
  reports: readonly AgentReport[],
): string {
  const asked = limitsOf(wanted).memoryBytes;
  const able = reports.filter((report) => enginesAllowed(report).length > 0);
  if (able.length === 0) throw noEngine(reports);
  const rooms = able.map((report) =>
    roomOn(
      report,
      caches.filter((cache) => cache.cacheId !== wanted.cacheId),
    ),
  );
  const best = rooms
    .filter((room) => room.engineBytesMax >= asked && room.freeBytes >= asked)
    .sort((a, b) => b.freeBytes - a.freeBytes)[0];
  if (best === undefined) throw tooLarge(asked, rooms, wanted.settings);
  return best.hostId;
}

interface Room {
  hostId: string;
  totalBytes: number;
  usedBytes: number;
  keptBytes: number;
  freeBytes: number;
  /** The largest cache that an engine on the host can serve. */
  engineBytesMax: number;
}

function roomOn(report: AgentReport, caches: readonly CacheDocument[]): Room {
  const totalBytes = report.memoryBytesTotal;
  const keptBytes = Math.max(keptBytesMin, totalBytes * keptFraction);
  const onHost = caches.filter((cache) => cache.hostId === report.hostId);
  const usedBytes = onHost.reduce((sum, cache) => sum + limitsOf(cache).memoryBytes, 0);
  const engineBytesMax = Math.max(
    ...enginesAllowed(report).map((engine) => engine.memoryBytesMax ?? Number.POSITIVE_INFINITY),
  );
  return {
    hostId: report.hostId,
    totalBytes,
    usedBytes,
    keptBytes,
    freeBytes: totalBytes - keptBytes - usedBytes,
    engineBytesMax,
  };
}

/** With both kinds allowed, a native engine is preferred and the embedded one stands in only where there is none. */
function enginesAllowed(report: AgentReport) {
  const allowed = report.engines.filter((engine) => report.engineKind === "auto" || engine.kind === report.engineKind);
  const native = allowed.filter((engine) => engine.kind === "native");
  return native.length > 0 ? native : allowed;
}

function noEngine(reports: readonly AgentReport[]): LarderError {
  const kind = reports[0]?.engineKind ?? "auto";
  const what = kind === "auto" ? "engine" : `${kind} engine`;
  return new LarderError("EngineNotAvailable", `No ${what} was found on the host.`);
}

function tooLarge(asked: number, rooms: readonly Room[], settings: CacheSettings): LarderError {
  const target = "properties.sku.capacity";
  const size = `${settings.sku.name} ${settings.sku.family}${settings.sku.capacity} (${inMb(asked)})`;
  const able = rooms.filter((room) => room.engineBytesMax >= asked);
  if (able.length === 0) {
    const max = Math.max(...rooms.map((room) => room.engineBytesMax));
    const text = `The engine on the host can serve at most ${inMb(max)}; the cache asks for ${size}. Install a native engine for larger caches.`;
    return new LarderError("InsufficientCapacity", text, { target });
  }
  const most = able.reduce((a, b) => (a.freeBytes > b.freeBytes ? a : b));
  const figures = `${inMb(Math.max(0, most.freeBytes))} of ${inMb(most.totalBytes)} are free: caches have ${inMb(most.usedBytes)}, and ${inMb(most.keptBytes)} are kept for the system`;
  return new LarderError("InsufficientCapacity", `No host has room for ${size}; ${figures}.`, { target });
}

export function inMb(bytes: number): string {
  return `${Math.floor(bytes / MiB)} MB`;
}
