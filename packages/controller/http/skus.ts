/** `GET …/providers/Microsoft.Cache/skus`: the sizes of caches that there are, with their limits. */
import { type Sku, type SkuName, sizeName, skuLimits, skuReplicas } from "@larder/api";
import type { Hono } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { requireResourcesVersion } from "./api-versions.ts";
import { locationsInUse } from "./locations.ts";

/** More than any tier has. */
const capacityMax = 10;
const MiB = 1024 * 1024;

export function skuRoutes(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.get("/subscriptions/:subscription/providers/microsoft.cache/skus", requireResourcesVersion, async (context) => {
    const locations = await locationsInUse(api);
    return context.json({ value: allSkus().map((sku) => skuBody(sku, locations)) });
  });
}

function allSkus(): Sku[] {
  return (Object.keys(skuReplicas) as SkuName[]).flatMap((name) => {
    const family = name === "Premium" ? "P" : "C";
    const sizes = Array.from({ length: capacityMax }, (_, capacity): Sku => ({ name, family, capacity }));
    return sizes.filter((sku) => skuLimits(sku) !== undefined);
  });
}

function skuBody(sku: Sku, locations: readonly string[]) {
  const { memoryBytes = 0, clientsMax = 0, databasesMax = 0 } = skuLimits(sku) ?? {};
  const figures = {
    memoryMB: memoryBytes / MiB,
    maxClients: clientsMax,
    maxDatabases: databasesMax,
    maxReplicasPerPrimary: skuReplicas[sku.name].max,
  };
  return {
    resourceType: "Redis",
    name: sku.name,
    tier: sku.name,
    size: sizeName(sku),
    family: sku.family,
    capacity: { minimum: sku.capacity, maximum: sku.capacity, default: sku.capacity, scaleType: "None" },
    locations,
    capabilities: Object.entries(figures).map(([name, value]) => ({ name, value: String(value) })),
    restrictions: [],
  };
}
