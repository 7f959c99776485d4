/**
 * Names and paths of resources. Names keep the caller's casing and compare without it; paths are matched without
 * regard to case (Azure Resource Manager does both).
 */

const cacheNamePattern = /^[a-z0-9](?:[a-z0-9]|-(?!-))*[a-z0-9]$|^[a-z0-9]$/i;
const resourceGroupPattern = /^[-\w._()]{1,90}$/;

export function isSameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** Why `name` cannot name a cache, or undefined when it can. The name becomes a DNS label. */
export function cacheNameProblem(name: string): string | undefined {
  if (name.length < 1 || name.length > 63) return "must have 1 to 63 characters";
  if (!cacheNamePattern.test(name))
    return "may only have letters, digits and single hyphens, and must start and end with a letter or digit";
  return undefined;
}

/** Why `name` cannot name a resource group, or undefined when it can. */
export function resourceGroupNameProblem(name: string): string | undefined {
  if (!resourceGroupPattern.test(name) || name.endsWith("."))
    return "must have 1 to 90 letters, digits, hyphens, underscores, periods or parentheses, and not end with a period";
  return undefined;
}

export function resourceGroupId(subscription: string, resourceGroup: string): string {
  return `/subscriptions/${subscription}/resourceGroups/${resourceGroup}`;
}

/** The id as the service writes it: with the type's live casing. */
export function cacheResourceId(at: { subscription: string; resourceGroup: string; name: string }): string {
  return `${resourceGroupId(at.subscription, at.resourceGroup)}/providers/Microsoft.Cache/Redis/${at.name}`;
}

const clusterNamePattern = /^(?=.{1,60}$)[A-Za-z0-9]+(-[A-Za-z0-9]+)*$/;

/** Why `name` cannot name a cluster of `Microsoft.Cache/redisEnterprise`, or undefined when it can. */
export function clusterNameProblem(name: string): string | undefined {
  if (clusterNamePattern.test(name)) return undefined;
  return "must have 1 to 60 letters, digits and single hyphens, and start and end with a letter or digit";
}

/** With the type's live casing. */
export function clusterResourceId(at: { subscription: string; resourceGroup: string; name: string }): string {
  return `${resourceGroupId(at.subscription, at.resourceGroup)}/providers/Microsoft.Cache/redisEnterprise/${at.name}`;
}

/** Which resource provider a cache belongs to: `Microsoft.Cache/redis`, or `Microsoft.Cache/redisEnterprise` as a cluster's database. */
export type CacheProvider = "redis" | "enterprise";

/** A cluster has one database, which always has this name. */
export const databaseName = "default";

export function databaseResourceId(at: { subscription: string; resourceGroup: string; name: string }): string {
  return `${clusterResourceId(at)}/databases/${databaseName}`;
}
