/** `Microsoft.Cache/redis`: create or update, get, list, delete. */
import {
  cacheNameProblem,
  isSameName,
  LarderError,
  type Page,
  parseRedisCreate,
  parseRedisUpdate,
  type RedisResource,
} from "@larder/api";
import type { Context, Hono } from "hono";
import type { Commanded } from "../caches/caches.ts";
import { cacheEtag } from "../documents/cache-document.ts";
import { agentConnected } from "./agent-connected.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { cacheBody } from "./cache-body.ts";
import { readJsonBody } from "./json-body.ts";
import { operationUrl } from "./operations.ts";
import { pageOf } from "./paging.ts";
import { preconditionOf } from "./preconditions.ts";
import { ownUrl, pathValue } from "./request-path.ts";

export const cachesInSubscription = "/subscriptions/:subscription/providers/microsoft.cache/redis";
export const cachesInGroup = "/subscriptions/:subscription/resourcegroups/:group/providers/microsoft.cache/redis";
export const oneCache = `${cachesInGroup}/:name`;

export function cachePlace(context: Context) {
  return {
    subscription: pathValue(context, "subscription"),
    resourceGroup: pathValue(context, "group"),
    name: pathValue(context, "name"),
  };
}

export function redisCaches(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.get(cachesInSubscription, async (context) => context.json(await page(context, api)));

  app.get(cachesInGroup, async (context) => {
    const group = await api.groups.require(pathValue(context, "group"));
    return context.json(await page(context, api, group.value.name));
  });

  app.get(oneCache, async (context) => {
    await api.groups.require(pathValue(context, "group"));
    const stored = await api.caches.require(cachePlace(context));
    context.header("etag", cacheEtag(stored.value));
    return context.json(cacheBody(stored, api, null));
  });

  app.put(oneCache, async (context) => {
    const place = cachePlace(context);
    const problem = cacheNameProblem(place.name);
    if (problem !== undefined)
      throw new LarderError("InvalidResourceName", `The cache name ${problem}.`, { target: "name" });
    await api.groups.require(place.resourceGroup);
    const body = parseRedisCreate(await readJsonBody(context));
    await agentConnected(api, context.req.raw.signal);
    const commanded = await api.caches.put(
      { ...place, subscription: api.subscription },
      body,
      preconditionOf(context, "cache", cacheEtag),
    );
    return answer(context, api, commanded);
  });

  app.patch(oneCache, async (context) => {
    const place = cachePlace(context);
    await api.groups.require(place.resourceGroup);
    const body = parseRedisUpdate(await readJsonBody(context));
    return answer(context, api, await api.caches.patch(place, body, preconditionOf(context, "cache", cacheEtag)));
  });

  app.delete(oneCache, async (context) => {
    const place = cachePlace(context);
    await api.groups.require(place.resourceGroup);
    const operation = await api.caches.remove(place, preconditionOf(context, "cache", cacheEtag));
    if (operation === undefined) return context.body(null, 204);
    const url = operationUrl(context, operation, "operationresults");
    context.header("azure-asyncoperation", url);
    context.header("location", url);
    context.header("retry-after", "1");
    return context.body(null, 202);
  });
}

/** After PATCH there is no Location: a client would take what it names for the updated resource. */
async function answer(
  context: Context,
  api: ApiContext,
  { stored, operationId, created }: Commanded,
): Promise<Response> {
  const cache = stored.value;
  await api.published.refresh();
  context.header("etag", cacheEtag(cache));
  if (operationId !== undefined) {
    context.header("azure-asyncoperation", operationUrl(context, { ...cache, operationId }, "asyncOperations"));
    context.header("retry-after", "1");
    if (context.req.method === "PUT") context.header("location", ownUrl(context));
  }
  return context.json(cacheBody(stored, api, cache.keys), created ? 201 : 200);
}

async function page(context: Context, api: ApiContext, group?: string): Promise<Page<RedisResource>> {
  const stored = await api.caches.all();
  const wanted = stored.filter(
    ({ value }) => value.provider === "redis" && (group === undefined || isSameName(value.resourceGroup, group)),
  );
  return pageOf(context, wanted, { nameOf: ({ key }) => key, bodyOf: (one) => cacheBody(one, api, null) });
}
