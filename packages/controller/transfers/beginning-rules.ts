/** Whether a transfer can begin, as far as that is known when it is asked for. Pure. Refusals throw LarderError. */
import { type AgentReport, type EngineFound, LarderError } from "@larder/api";
import { openHosts, placeNode } from "../caches/capacity.ts";
import { type CacheDocument, servingNode } from "../documents/cache-document.ts";
import { databasesOf } from "../documents/derive.ts";
import { fills, type TransferDocument } from "../documents/transfer-document.ts";

export interface BeginningFacts {
  /** Of the cache. */
  underWay: readonly TransferDocument[];
  caches: readonly CacheDocument[];
  reports: readonly AgentReport[];
  /** Hosts that get no nodes. */
  draining: ReadonlySet<string>;
}

/** Transfers of one cache that are under way or wait: more are refused with Conflict. `larder transfers` shows them. */
export const transfersUnderWayMax = 20;

export function requireBeginnable(
  cache: CacheDocument,
  asked: Pick<TransferDocument, "task" | "filter">,
  { underWay, caches, reports, draining }: BeginningFacts,
): void {
  if (cache.change !== null || cache.removal !== null)
    throw new LarderError(
      "Conflict",
      `'${cache.name}' is busy with a previous operation; try again when it has ended.`,
    );
  if (underWay.length >= transfersUnderWayMax)
    throw new LarderError(
      "Conflict",
      `'${cache.name}' has ${transfersUnderWayMax} transfers under way; wait for one to end.`,
    );
  if (asked.task.kind === "reverse" && underWay.some(({ task }) => task.kind === "reverse"))
    throw new LarderError("Conflict", `'${cache.name}' is being written back already; cancel that first.`);
  requireDatabases(cache, asked);
  if (asked.task.kind === "export") requireCopyable(cache, reports);
  if (!fills(asked)) return;
  requireNative(cache, reports);
  placeNode(cache, caches, openHosts(reports, draining), servingNode(cache).engine);
}

function requireDatabases(cache: CacheDocument, { filter }: Pick<TransferDocument, "filter">): void {
  const has = databasesOf(cache);
  const beyond = filter.databases.find((database) => database >= has);
  if (beyond === undefined) return;
  const text = `The cache has databases 0 to ${has - 1}, not ${beyond}.`;
  throw new LarderError("InvalidParameter", text, { target: "filter.databases" });
}

/** Its agent would refuse it, too, but only after it was asked. Throws OperationNotSupported. */
export function requireCopyable(cache: CacheDocument, reports: readonly AgentReport[]): void {
  if (engineOf(cache, reports)?.kind !== "embedded") return;
  const text = `'${cache.name}' is on the embedded engine, which cannot give what it holds at one moment: it is neither exported nor backed up. Install valkey-server and make the cache anew.`;
  throw new LarderError("OperationNotSupported", text);
}

/** As its agent says; null where nobody knows yet. */
function engineOf(cache: CacheDocument, reports: readonly AgentReport[]): EngineFound | null {
  return (
    reports.flatMap(({ nodes }) => nodes).find(({ nodeId }) => nodeId === servingNode(cache).nodeId)?.engine ?? null
  );
}

/** The data goes into a node of its own, to which the cache's primary hands over: it has to be reachable. */
function requireNative(cache: CacheDocument, reports: readonly AgentReport[]): void {
  const engine = engineOf(cache, reports);
  if (engine === null || (engine.kind === "native" && engine.hasTls)) return;
  const what = engine.kind === "native" ? "has no TLS" : "is the embedded one";
  const text = `The data would go into a node of its own that takes over, which this cache cannot have, as its engine ${what}. With 'merge' it can be imported.`;
  throw new LarderError("EngineNotAvailable", text);
}
