/**
 * Which host has room for a cache. Pure. What counts is what caches were promised (the memory of their SKU), not what
 * they use; a part of each host is kept for the system, the gateway and the engines' own overhead.
 */
import { type AgentReport, type EngineVersion, isRedisSku, LarderError, skuText } from "@larder/api";
import { allNodes, type CacheDocument, type CacheSettings, servingNode } from "../documents/cache-document.ts";
import { limitsOf } from "../documents/derive.ts";

const MiB = 1024 * 1024;
const keptBytesMin = 512 * MiB;
const keptFraction = 0.1;

/** The hosts that may be given nodes. Throws InsufficientCapacity where all are draining. */
export function openHosts(reports: readonly AgentReport[], draining: ReadonlySet<string>): AgentReport[] {
  const open = reports.filter(({ hostId }) => !draining.has(hostId));
  if (open.length > 0 || reports.length === 0) return open;
  throw new LarderError("InsufficientCapacity", "Every host that is connected is draining and gets no nodes.");
}

/**
 * A host for each of a new cache's nodes: of those with room one in a zone that has none of the cache's nodes yet, else one
 * that has none itself, else one with the fewest; of equals the one with the most room. Throws EngineNotAvailable or
 * InsufficientCapacity with the figures.
 */
export function placeNodes(
  wanted: Pick<CacheDocument, "cacheId" | "settings">,
  caches: readonly CacheDocument[],
  reports: readonly AgentReport[],
): string[] {
  const { replicas } = wanted.settings;
  const asked = limitsOf(wanted).memoryBytes;
  requireZones(wanted.settings.zones, reports);
  const able = inZones(wanted.settings, reports).filter((report) => enginesAllowed(report, replicas > 0).length > 0);
  if (able.length === 0) throw noEngine(reports, replicas > 0);
  const others = caches.filter((cache) => cache.cacheId !== wanted.cacheId);
  const rooms = able.map((report) => roomOn(report, others, replicas > 0));
  const zones = new Set<string | null>();
  return Array.from({ length: replicas + 1 }, () => {
    const best = bestOf(rooms, zones, asked);
    if (best === undefined) throw tooLarge(asked, rooms, wanted.settings);
    zones.add(best.zone);
    best.nodes++;
    best.usedBytes += asked;
    best.freeBytes -= asked;
    return best.hostId;
  });
}

/** The host for one more node of a cache that exists, of its wanted size, chosen and refused as by `placeNodes`. */
export function placeNode(
  cache: Pick<CacheDocument, "cacheId" | "settings" | "nodes">,
  caches: readonly CacheDocument[],
  reports: readonly AgentReport[],
  engine: EngineVersion | null,
): string {
  const asked = limitsOf(cache).memoryBytes;
  const able = inZones(cache.settings, reports).filter((report) => enginesAllowed(report, true).length > 0);
  if (able.length === 0) throw noEngine(reports, true);
  const has = (report: AgentReport) =>
    engine === null || report.engines.some(({ name, version }) => name === engine.name && version === engine.version);
  const nodesOn = (hostId: string) => cache.nodes.filter((node) => node.hostId === hostId).length;
  const rooms = able.filter(has).map((report) => ({ ...roomOn(report, caches, true), nodes: nodesOn(report.hostId) }));
  const zones = new Set(reports.filter(({ hostId }) => nodesOn(hostId) > 0).map(({ zone }) => zone));
  if (rooms.length === 0 && engine !== null) throw engineGone(engine);
  const best = bestOf(rooms, zones, asked);
  if (best === undefined) throw tooLarge(asked, rooms, cache.settings);
  return best.hostId;
}

/** Throws unless there is a host for every node that the cache lacks, when those that it has are of the wanted size. */
export function requireRoomForMore(
  wanted: CacheDocument,
  caches: readonly CacheDocument[],
  reports: readonly AgentReport[],
): void {
  const { memoryBytes } = limitsOf(wanted);
  const others = caches.filter(({ cacheId }) => cacheId !== wanted.cacheId);
  const nodes = wanted.nodes.map((node) => ({ ...node, memoryBytes }));
  while (nodes.length <= wanted.settings.replicas) {
    const placed = { ...wanted, nodes };
    nodes.push({ ...servingNode(placed), hostId: placeNode(placed, [...others, placed], reports, null) });
  }
}

function inZones({ zones }: CacheSettings, reports: readonly AgentReport[]): readonly AgentReport[] {
  return zones.length === 0 ? reports : reports.filter(({ zone }) => zone !== null && zones.includes(zone));
}

/** Throws InvalidParameter, with the zones that there are. */
function requireZones(zones: readonly string[], reports: readonly AgentReport[]): void {
  const known = new Set(reports.flatMap(({ zone }) => zone ?? []));
  const missing = zones.filter((zone) => !known.has(zone));
  if (missing.length === 0) return;
  const there = known.size === 0 ? "No host names a zone" : `Hosts are in ${[...known].sort().join(", ")}`;
  throw new LarderError("InvalidParameter", `No host is in zone ${missing.join(" or ")}. ${there}.`, {
    target: "zones",
  });
}

/** `zones` have nodes of the cache. Hosts without a zone are in one together: where nobody names zones, they mean nothing. */
function bestOf(rooms: readonly Room[], zones: ReadonlySet<string | null>, asked: number): Room | undefined {
  const fitting = rooms.filter((room) => room.engineBytesMax >= asked && room.freeBytes >= asked);
  return fitting.sort(
    (a, b) => Number(zones.has(a.zone)) - Number(zones.has(b.zone)) || a.nodes - b.nodes || b.freeBytes - a.freeBytes,
  )[0];
}

/** What each host has left to give. */
export function roomsOf(
  caches: readonly CacheDocument[],
  reports: readonly AgentReport[],
): { hostId: string; freeBytes: number }[] {
  return reports.map((report) => roomOn(report, caches, true));
}

/**
 * Throws unless every node of the cache can have the size that is asked: on its host, or on another that has room for a
 * new node as well as for the old one.
 */
export function requireRoomToGrow(
  wanted: Pick<CacheDocument, "cacheId" | "settings" | "nodes">,
  caches: readonly CacheDocument[],
  { reports, open }: { reports: readonly AgentReport[]; open: readonly AgentReport[] },
): void {
  const asked = limitsOf(wanted).memoryBytes;
  const fitsOn = ({ hostId }: AgentReport, room: Room) => {
    const more = wanted.nodes.filter((node) => node.hostId === hostId).map((node) => asked - node.memoryBytes);
    return room.engineBytesMax >= asked && room.freeBytes >= more.reduce((sum, bytes) => sum + bytes, 0);
  };
  const own = reports.filter(({ hostId }) => wanted.nodes.some((node) => node.hostId === hostId));
  const tight = own.filter((report) => !fitsOn(report, roomOn(report, caches, wanted.nodes.length > 1)));
  if (tight.length === 0) return;
  const others = open.filter(({ hostId }) => !tight.some((report) => report.hostId === hostId));
  const rooms = tight.map((report) => roomOn(report, caches, wanted.nodes.length > 1));
  if (others.length === 0) throw tooLarge(asked, rooms, wanted.settings);
  placeNode(wanted, caches, others, null);
}

interface Room {
  hostId: string;
  zone: string | null;
  /** Of the cache that is being placed. */
  nodes: number;
  totalBytes: number;
  usedBytes: number;
  keptBytes: number;
  freeBytes: number;
  /** The largest cache that an engine on the host can serve. */
  engineBytesMax: number;
}

function roomOn(report: AgentReport, caches: readonly CacheDocument[], isReplicated: boolean): Room {
  const totalBytes = report.memoryBytesTotal;
  const keptBytes = Math.max(keptBytesMin, totalBytes * keptFraction);
  const onHost = caches.flatMap((cache) => allNodes(cache).filter((node) => node.hostId === report.hostId));
  const usedBytes = onHost.reduce((sum, node) => sum + node.memoryBytes, 0);
  const engineBytesMax = Math.max(
    ...enginesAllowed(report, isReplicated).map((engine) => engine.memoryBytesMax ?? Number.POSITIVE_INFINITY),
  );
  return {
    hostId: report.hostId,
    zone: report.zone,
    nodes: 0,
    totalBytes,
    usedBytes,
    keptBytes,
    freeBytes: totalBytes - keptBytes - usedBytes,
    engineBytesMax,
  };
}

/**
 * With both kinds allowed, a native engine is preferred and the embedded one stands in only where there is none. It cannot be
 * copied, and neither can a native one without TLS.
 */
function enginesAllowed(report: AgentReport, isReplicated: boolean) {
  const allowed = report.engines.filter((engine) => report.engineKind === "auto" || engine.kind === report.engineKind);
  const native = allowed.filter((engine) => engine.kind === "native");
  if (isReplicated) return native.filter((engine) => engine.hasTls);
  return native.length > 0 ? native : allowed;
}

function noEngine(reports: readonly AgentReport[], isReplicated: boolean): LarderError {
  const kind = reports[0]?.engineKind ?? "auto";
  const what = kind === "auto" ? "engine" : `${kind} engine`;
  const where = reports.length > 1 ? "any host" : "the host";
  const why = isReplicated ? " A cache with replicas needs a native one with TLS: install valkey-server." : "";
  const copied = isReplicated ? "that can be copied " : "";
  return new LarderError("EngineNotAvailable", `No ${what} ${copied}was found on ${where}.${why}`);
}

/** It was replaced on the hosts since the cache's nodes began: they still run the one before. */
function engineGone({ name, version }: EngineVersion): LarderError {
  return new LarderError(
    "EngineNotAvailable",
    `No host has ${name} ${version} any more, which the cache runs until its update is applied: \`larder update\` applies it now.`,
  );
}

function tooLarge(asked: number, rooms: readonly Room[], settings: CacheSettings): LarderError {
  const target = isRedisSku(settings.sku) ? "properties.sku.capacity" : "sku.name";
  const size = `${skuText(settings.sku)} (${inMb(asked)})`;
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
