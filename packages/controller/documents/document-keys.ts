/**
 * Where documents stand in the store. Names compare without case, so keys are lower-case; a cache's key has no group,
 * as its name becomes a host name and is unique in the whole service.
 */
import type { CacheId } from "@larder/api";

export const cachesPrefix = "caches/";
export const groupsPrefix = "groups/";
export const operationsPrefix = "operations/";
export const eventsPrefix = "events/";
export const hostsPrefix = "hosts/";
export const removedHostsPrefix = "removed-hosts/";
export const joinTokensPrefix = "join-tokens/";
export const serviceKey = "service";

/** Of an event's number in its key. More than a cache can ever have. */
const eventDigits = 12;

export function cacheKey(name: string): string {
  return `${cachesPrefix}${name.toLowerCase()}`;
}

export function groupKey(name: string): string {
  return `${groupsPrefix}${name.toLowerCase()}`;
}

/** Keys under it sort as the events came. */
export function cacheEventsPrefix(cacheId: CacheId): string {
  return `${eventsPrefix}${cacheId}/`;
}

export function eventKey(cacheId: CacheId, number: number): string {
  return `${cacheEventsPrefix(cacheId)}${String(number).padStart(eventDigits, "0")}`;
}

export function operationKey(operationId: string): string {
  return `${operationsPrefix}${operationId.toLowerCase()}`;
}

export function hostKey(hostId: string): string {
  return `${hostsPrefix}${hostId.toLowerCase()}`;
}

/** Stays for good: an agent that was removed must hear so however late it comes back. */
export function removedHostKey(hostId: string): string {
  return `${removedHostsPrefix}${hostId.toLowerCase()}`;
}

export function joinTokenKey(secretSha256: string): string {
  return `${joinTokensPrefix}${secretSha256}`;
}
