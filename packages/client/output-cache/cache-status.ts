/** What an answer says of its way through this cache: Cache-Status (RFC 9211). */

export interface CacheStatus {
  /** It was answered from the cache. */
  isHit?: boolean;
  /** Why the handler was asked. */
  forwarded?: "bypass" | "method" | "uri-miss" | "vary-miss" | "stale" | "request" | "miss";
  /** How long it stays fresh; negative where it is stale. */
  freshForMs?: number;
  isStored?: boolean;
  /** It was rendered for another request that came before. */
  isCollapsed?: boolean;
  detail?: string;
}

export function cacheStatusHeader(status: CacheStatus): string {
  const parts = ["larder"];
  if (status.isHit) parts.push("hit");
  if (status.forwarded !== undefined) parts.push(`fwd=${status.forwarded}`);
  if (status.freshForMs !== undefined) parts.push(`ttl=${Math.floor(status.freshForMs / 1_000)}`);
  if (status.isStored) parts.push("stored");
  if (status.isCollapsed) parts.push("collapsed");
  if (status.detail !== undefined) parts.push(`detail="${status.detail}"`);
  return parts.join("; ");
}
