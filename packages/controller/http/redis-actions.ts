/**
 * Actions on a cache: `forceReboot` and `flush` as Azure has them, `switchover` of Larder's own.
 *
 * A flush has been done when it is answered. It is answered as a long-running operation all the same, one that has ended:
 * clients that poll expect one.
 */
import { LarderError } from "@larder/api";
import type { Context, Hono } from "hono";
import { type RebootType, rebootTypes } from "../caches/action-rules.ts";
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

/** What is to be rebooted is never guessed: of a cache without replicas the data is lost. */
function parseReboot(body: unknown): RebootType {
  const given = (body ?? {}) as { rebootType?: unknown; shardId?: unknown; ports?: unknown };
  const asked = String(given.rebootType ?? "").toLowerCase();
  const type = rebootTypes.find((known) => known.toLowerCase() === asked);
  if (type === undefined) throw invalid("rebootType", `must be one of ${rebootTypes.join(", ")}`);
  if (given.shardId != null && Number(given.shardId) !== 0)
    throw invalid("shardId", "must be 0 or left out, as the cache has one shard");
  if (Array.isArray(given.ports) && given.ports.length > 0)
    throw invalid("ports", "cannot choose nodes, as all share the cache's port; use 'rebootType'");
  return type;
}

function invalid(target: string, message: string): LarderError {
  return new LarderError("InvalidParameter", `'${target}' ${message}.`, { target });
}
