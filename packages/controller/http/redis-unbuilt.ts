/** The rest of `Microsoft.Cache/redis`: what Azure's API has there and Larder does not have yet. */
import { LarderError } from "@larder/api";
import type { Hono } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { cachePlace, oneCache } from "./redis-caches.ts";

const collections: string[] = [];

export function redisUnbuilt(app: Hono<ApiEnvironment>, api: ApiContext): void {
  const refuse = (what: string) => async (context: Parameters<typeof cachePlace>[0]) => {
    await api.groups.require(cachePlace(context).resourceGroup);
    await api.caches.require(cachePlace(context));
    throw new LarderError("OperationNotSupported", `Larder does not have '${what}' of a cache yet.`, { target: what });
  };
  for (const collection of collections) {
    app.all(`${oneCache}/${collection.toLowerCase()}`, refuse(collection));
    app.all(`${oneCache}/${collection.toLowerCase()}/:child`, refuse(collection));
  }
}
