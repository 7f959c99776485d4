/**
 * Sizes of `Microsoft.Cache/redisEnterprise`: Azure Managed Redis (kind v2) and the older Enterprise tiers (v1). Figures are
 * the service's documented ones. Here every size is one shard, whatever number of them it has on Azure.
 */
import type { SkuLimits } from "./skus.ts";

export interface EnterpriseSku {
  name: string;
  /** Of v1 alone: how many nodes, in steps of which memory grows. */
  capacity?: number;
}

/** In the order in which one may become the next at the same memory. */
export const enterpriseTiers = ["MemoryOptimized", "Balanced", "ComputeOptimized"] as const;
export type EnterpriseTier = (typeof enterpriseTiers)[number] | "FlashOptimized" | "Enterprise" | "EnterpriseFlash";

export interface EnterpriseSize {
  name: string;
  tier: EnterpriseTier;
  kind: "v1" | "v2";
  sizeGb: number;
  clientsMax: number;
  /** Primary shards of the size on Azure. */
  azureShards: number;
}

const GB = 1024 * 1024 * 1024;
/** A part is kept back for what is not data. */
export const enterpriseReservedFraction = 0.2;
/** Larger ones have more shards than one on Azure, and clients must know of them. */
export const noClusterGbMax = 25;

type Row = readonly [name: string, sizeGb: number, shards: number, clientsMax: number];

const rows: Record<EnterpriseTier, readonly Row[]> = {
  Balanced: [
    ["B0", 0.5, 1, 15_000], ["B1", 1, 1, 15_000], ["B3", 3, 2, 15_000], ["B5", 6, 2, 15_000], ["B10", 12, 2, 30_000],
    ["B20", 24, 6, 75_000], ["B50", 60, 12, 150_000], ["B100", 120, 24, 200_000], ["B150", 180, 48, 200_000],
    ["B250", 240, 48, 200_000], ["B350", 360, 96, 200_000], ["B500", 480, 96, 200_000], ["B700", 720, 192, 200_000],
    ["B1000", 960, 192, 200_000],
  ],
  MemoryOptimized: [
    ["M10", 12, 2, 15_000], ["M20", 24, 2, 30_000], ["M50", 60, 6, 75_000], ["M100", 120, 12, 150_000],
    ["M150", 180, 24, 200_000], ["M250", 240, 24, 200_000], ["M350", 360, 48, 200_000], ["M500", 480, 48, 200_000],
    ["M700", 720, 96, 200_000], ["M1000", 960, 192, 200_000], ["M1500", 1440, 192, 200_000],
    ["M2000", 1920, 192, 200_000],
  ],
  ComputeOptimized: [
    ["X3", 3, 2, 30_000], ["X5", 6, 2, 30_000], ["X10", 12, 6, 75_000], ["X20", 24, 12, 150_000],
    ["X50", 60, 24, 200_000], ["X100", 120, 48, 200_000], ["X150", 180, 96, 200_000], ["X250", 240, 96, 200_000],
    ["X350", 360, 192, 200_000], ["X500", 480, 192, 200_000], ["X700", 720, 384, 200_000],
  ],
  FlashOptimized: [
    ["A250", 240, 6, 75_000], ["A500", 480, 12, 150_000], ["A700", 720, 24, 200_000], ["A1000", 960, 24, 200_000],
    ["A1500", 1440, 48, 200_000], ["A2000", 1920, 48, 200_000], ["A4500", 4500, 96, 200_000],
  ],
  Enterprise: [
    ["E1", 1, 1, 15_000], ["E5", 4, 1, 15_000], ["E10", 12, 1, 15_000], ["E20", 25, 1, 15_000], ["E50", 50, 1, 15_000],
    ["E100", 100, 1, 15_000], ["E200", 200, 1, 15_000], ["E400", 400, 1, 15_000],
  ],
  EnterpriseFlash: [["F300", 384, 1, 15_000], ["F700", 715, 1, 15_000], ["F1500", 1455, 1, 15_000]],
}; // biome-ignore format: a table

const sizes: readonly EnterpriseSize[] = Object.entries(rows).flatMap(([tier, sizesOfTier]) =>
  sizesOfTier.map(([name, sizeGb, azureShards, clientsMax]) => ({
    name: `${tier}_${name}`,
    tier: tier as EnterpriseTier,
    kind: tier.startsWith("Enterprise") ? ("v1" as const) : ("v2" as const),
    sizeGb,
    azureShards,
    clientsMax,
  })),
);

/** In the service's own casing, which it is found without. undefined: there is none. */
export function enterpriseSize(name: string): EnterpriseSize | undefined {
  return sizes.find((size) => size.name.toLowerCase() === name.toLowerCase());
}

/** Those that are offered: what keeps values on flash is not. */
export function offeredEnterpriseSizes(): EnterpriseSize[] {
  return sizes.filter(({ tier }) => !isFlash(tier));
}

export function isFlash(tier: EnterpriseTier): boolean {
  return tier === "FlashOptimized" || tier === "EnterpriseFlash";
}

/** What `capacity` of v1 may be: two nodes, or two more each. */
export function isEnterpriseCapacity(capacity: number): boolean {
  return capacity >= 2 && capacity % 2 === 0;
}

/** Memory in GB, with what `capacity` adds. undefined: there is no such SKU. */
export function enterpriseSizeGb({ name, capacity }: EnterpriseSku): number | undefined {
  const size = enterpriseSize(name);
  return size && size.sizeGb * (size.kind === "v1" ? (capacity ?? 2) / 2 : 1);
}

export function enterpriseLimits(sku: EnterpriseSku): SkuLimits | undefined {
  const size = enterpriseSize(sku.name);
  const sizeGb = enterpriseSizeGb(sku);
  if (size === undefined || sizeGb === undefined) return undefined;
  return { memoryBytes: sizeGb * GB, clientsMax: size.clientsMax, databasesMax: 1 };
}
