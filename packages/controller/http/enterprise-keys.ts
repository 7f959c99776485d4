/** The access keys of a database: list them, regenerate one. Answered with the keys at once, which every client takes. */
import type { Hono } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { databasePlace, oneDatabase } from "./enterprise-paths.ts";
import { readJsonBody } from "./json-body.ts";
import { keyOf } from "./redis-keys.ts";
import { servedByGateways } from "./served-by-gateways.ts";

export function enterpriseKeys(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.post(`${oneDatabase}/listkeys`, async (context) => {
    const { value: cache } = await api.caches.require(await databasePlace(context, api));
    return context.json(cache.keys);
  });

  app.post(`${oneDatabase}/regeneratekey`, async (context) => {
    const place = await databasePlace(context, api);
    const stored = await api.caches.renewKey(place, keyOf(await readJsonBody(context)));
    await servedByGateways(stored, api);
    return context.json(stored.value.keys);
  });
}
