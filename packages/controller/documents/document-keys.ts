/**
 * Where documents stand in the store. Names compare without case, so keys are lower-case; a cache's key has no group,
 * as its name becomes a host name and is unique in the whole service.
 */
export const cachesPrefix = "caches/";
export const groupsPrefix = "groups/";
export const operationsPrefix = "operations/";
export const serviceKey = "service";

export function cacheKey(name: string): string {
  return `${cachesPrefix}${name.toLowerCase()}`;
}

export function groupKey(name: string): string {
  return `${groupsPrefix}${name.toLowerCase()}`;
}

export function operationKey(operationId: string): string {
  return `${operationsPrefix}${operationId.toLowerCase()}`;
}
