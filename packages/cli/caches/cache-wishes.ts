/** What people ask of a cache that is made or changed, as they typed it. Each kind of cache takes a part of it, and says why not the rest. */
import type { EnterpriseSku } from "@larder/api/enterprise-skus";
import { isRedisSku, type Sku, skuText } from "@larder/api/skus";
import { parsePairs, type Switch } from "../cache-arguments.ts";
import { CommandError } from "../failure.ts";

export interface CacheWishes {
  sku?: string;
  capacity?: string;
  replicas?: string;
  highAvailability?: Switch;
  redisVersion?: string;
  clusteringPolicy?: string;
  policy?: string;
  config?: string[];
  persistence?: Persistence;
  persistTo?: string;
  plainPort?: boolean;
  clientProtocol?: "encrypted" | "plaintext";
  port?: string;
  publicAccess?: Switch;
  accessKeys?: Switch;
  tokens?: Switch;
  durableWrites?: Switch;
  replicaReads?: Switch;
  acceptEviction?: boolean;
  zone?: string[];
  tag?: string[];
  untag?: string[];
}

export const persistences = ["off", "aof", "rdb-1h", "rdb-6h", "rdb-12h"] as const;
export type Persistence = (typeof persistences)[number];

/** A size as somebody would type it. */
export function sizeWishes(sku: Sku | EnterpriseSku): { sku: string; capacity?: string } {
  if (isRedisSku(sku)) return { sku: skuText(sku) };
  return { sku: sku.name, ...(sku.capacity === undefined ? {} : { capacity: String(sku.capacity) }) };
}

/** Throws InvalidParameter for the first wish that the kind has a reason against. `reasons`: sentences, by wish. */
export function requireTaken(wishes: CacheWishes, reasons: Partial<Record<keyof CacheWishes, string>>): void {
  for (const [wish, reason] of Object.entries(reasons)) {
    if (wishes[wish as keyof CacheWishes] === undefined) continue;
    const flag = `--${wish.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new CommandError("InvalidParameter", `${flag} does not fit: ${reason}.`, "leave it out");
  }
}

/** The API replaces the whole set, so that single tags are changed here. undefined: they stay. */
export function wishedTags(
  tags: Record<string, string>,
  { tag, untag }: Pick<CacheWishes, "tag" | "untag">,
): Record<string, string> | undefined {
  if (tag === undefined && untag === undefined) return undefined;
  const merged = { ...tags, ...parsePairs("--tag", tag ?? []) };
  for (const name of untag ?? []) delete merged[name];
  return merged;
}

/** Which way data is kept, and from the end of one snapshot to the beginning of the next. undefined: as it is. */
export function wishedPersistence(persistence: Persistence | undefined) {
  if (persistence === undefined) return undefined;
  const [way, rdbFrequency] = persistence.split("-");
  return {
    aofEnabled: way === "aof",
    rdbEnabled: way === "rdb",
    ...(way === "aof" ? { aofFrequency: "1s" } : {}),
    ...(rdbFrequency === undefined ? {} : { rdbFrequency }),
  };
}
