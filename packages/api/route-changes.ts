/**
 * What is different between two route tables, so that one change of one of a thousand caches is not the whole table on every gateway's
 * line. Routes are told apart by identity: whoever derives them keeps those that did not change.
 */
import { isDeepStrictEqual } from "node:util";
import type { CacheId } from "./agent-protocol.ts";
import type { Route, RouteTable, TokenIssuer } from "./gateway-protocol.ts";

/** From the table that was sent before it on the same stream. */
export interface RouteChanges {
  revision: number;
  /** Left out where they are as before. */
  tokenIssuers?: TokenIssuer[];
  /** New ones and changed ones, whole. */
  changed: Route[];
  removed: CacheId[];
}

/** O(routes). */
export function changesBetween(from: RouteTable, to: RouteTable): RouteChanges {
  const known = new Set(from.routes);
  const left = new Set(to.routes.map(({ cacheId }) => cacheId));
  return {
    revision: to.revision,
    ...(isDeepStrictEqual(from.tokenIssuers, to.tokenIssuers) ? {} : { tokenIssuers: to.tokenIssuers }),
    changed: to.routes.filter((route) => !known.has(route)),
    removed: from.routes.flatMap(({ cacheId }) => (left.has(cacheId) ? [] : [cacheId])),
  };
}

/** The table after the changes; routes that did not change are the same objects. O(routes). */
export function changedTable(
  table: RouteTable,
  { revision, tokenIssuers, changed, removed }: RouteChanges,
): RouteTable {
  const routes = new Map(table.routes.map((route) => [route.cacheId, route]));
  for (const cacheId of removed) routes.delete(cacheId);
  for (const route of changed) routes.set(route.cacheId, route);
  return { ...table, revision, tokenIssuers: tokenIssuers ?? table.tokenIssuers, routes: [...routes.values()] };
}
