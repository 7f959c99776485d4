/** `Microsoft.Cache/redis`: list keys, regenerate a key. */
import { LarderError } from "@larder/api";
import type { Hono } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { readJsonBody } from "./json-body.ts";
import { cachePlace, oneCache } from "./redis-caches.ts";
import { servedByGateways } from "./served-by-gateways.ts";

export function redisKeys(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.post(`${oneCache}/listkeys`, async (context) => {
    await api.groups.require(cachePlace(context).resourceGroup);
    const stored = await api.caches.require(cachePlace(context));
    return context.json(stored.value.keys);
  });

  app.post(`${oneCache}/regeneratekey`, async (context) => {
    await api.groups.require(cachePlace(context).resourceGroup);
    const which = keyOf(await readJsonBody(context));
    const stored = await api.caches.renewKey(cachePlace(context), which);
    // So that the new key works, and the old one does not, when the caller has it.
    await servedByGateways(stored, api);
    return context.json(stored.value.keys);
  });
}

export function keyOf(body: unknown): "primaryKey" | "secondaryKey" {
  const given = (body as { keyType?: unknown } | undefined | null)?.keyType;
  const keyType = typeof given === "string" ? given.toLowerCase() : "";
  if (keyType === "primary") return "primaryKey";
  if (keyType === "secondary") return "secondaryKey";
  throw new LarderError("InvalidParameter", "'keyType' must be Primary or Secondary.", { target: "keyType" });
}
