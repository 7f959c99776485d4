/** Whether a transfer can begin, as far as that is known when it is asked for. Pure. Refusals throw LarderError. */
import { type AgentReport, LarderError } from "@larder/api";
import { placeNode } from "../caches/capacity.ts";
import { type CacheDocument, servingNode } from "../documents/cache-document.ts";
import { databasesOf } from "../documents/derive.ts";
import { fills, type TransferDocument } from "../documents/transfer-document.ts";

export interface BeginningFacts {
  /** Of the cache. */
  underWay: readonly TransferDocument[];
  caches: readonly CacheDocument[];
  /** Of hosts that may be given nodes. */
  reports: readonly AgentReport[];
}

/** Transfers of one cache that are under way or wait: more are refused with Conflict. `larder transfers` shows them. */
export const transfersUnderWayMax = 20;

export function requireBeginnable(
  cache: CacheDocument,
  asked: Pick<TransferDocument, "task" | "filter">,
  { underWay, caches, reports }: BeginningFacts,
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
  if (!fills(asked)) return;
  requireNative(cache, reports);
  placeNode(cache, caches, reports, servingNode(cache).engine);
}

function requireDatabases(cache: CacheDocument, { filter }: Pick<TransferDocument, "filter">): void {
  const has = databasesOf(cache);
  const beyond = filter.databases.find((database) => database >= has);
  if (beyond === undefined) return;
  const text = `The cache has databases 0 to ${has - 1}, not ${beyond}.`;
  throw new LarderError("InvalidParameter", text, { target: "filter.databases" });
}

/** The data goes into a node of its own, to which the cache's primary hands over: it has to be reachable. */
function requireNative(cache: CacheDocument, reports: readonly AgentReport[]): void {
  const seen = reports.flatMap(({ nodes }) => nodes).find(({ nodeId }) => nodeId === servingNode(cache).nodeId);
  if (seen?.engine == null || (seen.engine.kind === "native" && seen.engine.hasTls)) return;
  const what = seen.engine.kind === "native" ? "has no TLS" : "is the embedded one";
  const text = `The data would go into a node of its own that takes over, which this cache cannot have, as its engine ${what}. With 'merge' it can be imported.`;
  throw new LarderError("EngineNotAvailable", text);
}
