/**
 * Where documents stand in the store. Names compare without case, so keys are lower-case; a cache's key has no group,
 * as its name becomes a host name and is unique in the whole service.
 */
import type { CacheId, TransferId } from "@larder/api";

export const cachesPrefix = "caches/";
/** Of `Microsoft.Cache/redisEnterprise`. */
export const clustersPrefix = "enterprise-clusters/";
export const groupsPrefix = "groups/";
export const operationsPrefix = "operations/";
export const eventsPrefix = "events/";
export const hostsPrefix = "hosts/";
export const removedHostsPrefix = "removed-hosts/";
export const joinTokensPrefix = "join-tokens/";
/** Those under way. Kept apart from those that are over, as they are listed with every change of a cache. */
export const transfersPrefix = "transfers/";
export const transfersOverPrefix = "transfers-over/";
export const backupsPrefix = "backups/";
export const backupPoliciesPrefix = "backup-policies/";
export const principalsPrefix = "principals/";
/** What the embedded identity provider keeps between requests. */
export const signInArtifactsPrefix = "sign-in-artifacts/";
export const signingKeysKey = "signing-keys";
export const roleDefinitionsPrefix = "role-definitions/";
export const roleAssignmentsPrefix = "role-assignments/";
/** Public keys of those whose tokens clients log in with. */
export const tokenKeysPrefix = "token-keys/";
/** Of those whose tokens the API takes. */
export const apiTokenKeysPrefix = "api-token-keys/";
export const privateEndpointsPrefix = "private-endpoints/";
export const serviceKey = "service";

/** Of an event's number in its key. More than a cache can ever have. */
const eventDigits = 12;

export function cacheKey(name: string): string {
  return `${cachesPrefix}${name.toLowerCase()}`;
}

/** A cluster's database is the cache of its name. */
export function clusterKey(name: string): string {
  return `${clustersPrefix}${name.toLowerCase()}`;
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

export function cacheTransfersPrefix(cacheId: CacheId): string {
  return `${transfersPrefix}${cacheId}/`;
}

export function cacheTransfersOverPrefix(cacheId: CacheId): string {
  return `${transfersOverPrefix}${cacheId}/`;
}

export function transferKey(cacheId: CacheId, transferId: TransferId): string {
  return `${cacheTransfersPrefix(cacheId)}${transferId}`;
}

export function cacheIdOfTransferKey(key: string): CacheId {
  return key.slice(transfersPrefix.length, key.lastIndexOf("/")) as CacheId;
}

export function transferOverKey(cacheId: CacheId, transferId: TransferId): string {
  return `${cacheTransfersOverPrefix(cacheId)}${transferId}`;
}

/** Keys under it sort by time. */
export function cacheBackupsPrefix(cacheId: CacheId): string {
  return `${backupsPrefix}${cacheId}/`;
}

export function backupKey({ cacheId, name }: { cacheId: CacheId; name: string }): string {
  return `${cacheBackupsPrefix(cacheId)}${name}`;
}

export function backupPolicyKey(cacheId: CacheId): string {
  return `${backupPoliciesPrefix}${cacheId}`;
}

export function operationKey(operationId: string): string {
  return `${operationsPrefix}${operationId.toLowerCase()}`;
}

/** Of all endpoints of a group. */
export function groupEndpointsPrefix(resourceGroup: string): string {
  return `${privateEndpointsPrefix}${resourceGroup.toLowerCase()}/`;
}

export function privateEndpointKey({ resourceGroup, name }: { resourceGroup: string; name: string }): string {
  return `${groupEndpointsPrefix(resourceGroup)}${name.toLowerCase()}`;
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

export function principalKey(objectId: string): string {
  return `${principalsPrefix}${objectId.toLowerCase()}`;
}

export function roleDefinitionKey(roleId: string): string {
  return `${roleDefinitionsPrefix}${roleId.toLowerCase()}`;
}

export function roleAssignmentKey(name: string): string {
  return `${roleAssignmentsPrefix}${name.toLowerCase()}`;
}
