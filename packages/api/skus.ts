/**
 * Sizes of `Microsoft.Cache/redis`: what each SKU gives and allows. Figures are the service's documented ones
 * (Azure Cache for Redis, "Choose the right tier"); memory is per shard.
 */
import { type EnterpriseSku, enterpriseLimits } from "./enterprise-skus.ts";

export type SkuName = "Basic" | "Standard" | "Premium";
export type SkuFamily = "C" | "P";

export interface Sku {
  name: SkuName;
  family: SkuFamily;
  capacity: number;
}

export interface SkuLimits {
  memoryBytes: number;
  /** Client connections that the gateway admits for one cache. */
  clientsMax: number;
  databasesMax: number;
}

const MB = 1024 * 1024;
const GB = 1024 * MB;

/** Indexed by capacity: C0 to C6. The same sizes serve Basic and Standard. */
const familyC: readonly SkuLimits[] = [
  { memoryBytes: 250 * MB, clientsMax: 256, databasesMax: 16 },
  { memoryBytes: 1 * GB, clientsMax: 1_000, databasesMax: 16 },
  { memoryBytes: 2.5 * GB, clientsMax: 2_000, databasesMax: 16 },
  { memoryBytes: 6 * GB, clientsMax: 5_000, databasesMax: 16 },
  { memoryBytes: 13 * GB, clientsMax: 10_000, databasesMax: 32 },
  { memoryBytes: 26 * GB, clientsMax: 15_000, databasesMax: 48 },
  { memoryBytes: 53 * GB, clientsMax: 20_000, databasesMax: 64 },
];

/** Indexed by capacity less one: P1 to P5. */
const familyP: readonly SkuLimits[] = [
  { memoryBytes: 6 * GB, clientsMax: 7_500, databasesMax: 16 },
  { memoryBytes: 13 * GB, clientsMax: 15_000, databasesMax: 32 },
  { memoryBytes: 26 * GB, clientsMax: 30_000, databasesMax: 48 },
  { memoryBytes: 53 * GB, clientsMax: 40_000, databasesMax: 64 },
  { memoryBytes: 120 * GB, clientsMax: 40_000, databasesMax: 64 },
];

/** The limits of a SKU, or undefined when the combination of name, family and capacity does not exist. */
export function skuLimits(sku: Sku): SkuLimits | undefined {
  if (sku.name === "Premium") return sku.family === "P" ? familyP[sku.capacity - 1] : undefined;
  return sku.family === "C" ? familyC[sku.capacity] : undefined;
}

/** How many copies of its primary a cache may have, and has unless it asks for another number. */
export const skuReplicas: Record<SkuName, { min: number; max: number }> = {
  Basic: { min: 0, max: 0 },
  Standard: { min: 1, max: 1 },
  Premium: { min: 1, max: 3 },
};

export function isRedisSku(sku: Sku | EnterpriseSku): sku is Sku {
  return "family" in sku;
}

/** The limits of a SKU of either provider, or undefined where there is no such SKU. */
export function limitsOfSku(sku: Sku | EnterpriseSku): SkuLimits | undefined {
  return isRedisSku(sku) ? skuLimits(sku) : enterpriseLimits(sku);
}

/** "Standard C1", "Balanced_B0". */
export function skuText(sku: Sku | EnterpriseSku): string {
  if (isRedisSku(sku)) return `${sku.name} ${sizeName(sku)}`;
  return sku.capacity === undefined ? sku.name : `${sku.name} (capacity ${sku.capacity})`;
}

/** "C0", "P1": how people write a size. */
export function sizeName(sku: Sku): string {
  return `${sku.family}${sku.capacity}`;
}
