/** Both kinds of caches: which of them a cache or a size belongs to. */
import type { CacheProvider } from "@larder/api/names";
import type { CacheAddress } from "@larder/api/rest-calls";
import { CommandError } from "../failure.ts";
import type { AnyCache } from "./any-cache.ts";
import type { CacheKind, Feature } from "./cache-kind.ts";
import { clusterKind } from "./cluster-kind.ts";
import { clusterSizeName } from "./cluster-size.ts";
import { redisKind } from "./redis-kind.ts";

const kinds: Record<CacheProvider, CacheKind> = { redis: redisKind, enterprise: clusterKind };

export const allKinds: readonly CacheKind[] = Object.values(kinds);

export function kindOf({ provider = "redis" }: CacheAddress): CacheKind {
  return kinds[provider];
}

/** Which provider has caches of the size that a person typed. */
export function providerOfSize(sku: string): CacheProvider {
  return clusterSizeName(sku) === undefined ? "redis" : "enterprise";
}

/** Throws OperationNotSupported where its kind does not have it. */
export function requireFeature({ at, name, type }: Pick<AnyCache, "at" | "name" | "type">, feature: Feature): void {
  const lack = kindOf(at).lacks[feature];
  if (lack === undefined) return;
  throw new CommandError("OperationNotSupported", `${name} is a ${type}, which has no ${lack.what}.`, lack.instead);
}
