/**
 * Actions on a cache: `forceReboot` and `flush` as Azure has them, `switchover` of Larder's own.
 *
 * A flush has been done when it is answered. It is answered as a long-running operation all the same, one that has ended:
 * clients that poll expect one.
 */
import { parseReboot } from "@larder/api";
import type { Context, Hono } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { readJsonBody } from "./json-body.ts";
import { operationUrl } from "./operations.ts";
import { cachePlace, oneCache } from "./redis-caches.ts";

export function redisActions(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.post(`${oneCache}/forcereboot`, async (context) => {
    const place = await placeOf(context, api);
    await api.actions.reboot(place, parseReboot(await readJsonBody(context)));
    return context.json({ message: `The reboot of '${place.name}' has begun.` });
  });

  app.post(`${oneCache}/switchover`, async (context) => {
    const place = await placeOf(context, api);
    await api.actions.switchOver(place);
    return context.json({ message: `A replica of '${place.name}' takes over as the primary.` }, 202);
  });

  app.post(`${oneCache}/flush`, async (context) => {
    const operation = await api.actions.flush(await placeOf(context, api));
    context.header("azure-asyncoperation", operationUrl(context, operation, "asyncOperations"));
    context.header("location", operationUrl(context, operation, "operationresults"));
    context.header("retry-after", "1");
    return context.body(null, 202);
  });
}

async function placeOf(context: Context, api: ApiContext) {
  const place = cachePlace(context);
  await api.groups.require(place.resourceGroup);
  return place;
}
