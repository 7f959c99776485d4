/** `Microsoft.Cache/redisEnterprise/databases`: create or update, get, list, delete. */
import { parseDatabase } from "@larder/api";
import type { Context, Hono } from "hono";
import type { Commanded, Precondition } from "../caches/caches.ts";
import { cacheEtag } from "../documents/cache-document.ts";
import { agentConnected } from "./agent-connected.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { accepted, notePolling } from "./enterprise-answers.ts";
import { databaseBody } from "./enterprise-body.ts";
import { clusterPlace, databasePlace, databasesOfCluster, oneDatabase } from "./enterprise-paths.ts";
import { readJsonBody } from "./json-body.ts";
import { preconditionOf } from "./preconditions.ts";
import { apiVersionOf } from "./request-path.ts";

export function enterpriseDatabases(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.get(databasesOfCluster, async (context) => {
    const { database } = await api.clusters.require(await clusterPlace(context, api));
    return context.json({ value: database === undefined ? [] : [databaseBody(database, api)] });
  });

  app.get(oneDatabase, async (context) => {
    const stored = await api.caches.require(await databasePlace(context, api));
    context.header("etag", cacheEtag(stored.value));
    return context.json(databaseBody(stored, api));
  });

  app.put(oneDatabase, async (context) => {
    const place = await databasePlace(context, api);
    const asked = parseDatabase(await readJsonBody(context));
    await agentConnected(api, context.req.raw.signal);
    const version = apiVersionOf(context).toLowerCase();
    return answer(context, api, await api.databases.put(place, asked, version, expectation(context)));
  });

  app.patch(oneDatabase, async (context) => {
    const place = await databasePlace(context, api);
    const asked = parseDatabase(await readJsonBody(context));
    return answer(context, api, await api.databases.patch(place, asked, expectation(context)));
  });

  app.delete(oneDatabase, async (context) => {
    const place = await databasePlace(context, api);
    const operation = await api.databases.remove(place, expectation(context));
    return operation === undefined ? context.body(null, 204) : accepted(context, { ...place, ...operation });
  });
}

function expectation(context: Context): Precondition {
  return preconditionOf(context, "database", cacheEtag);
}

async function answer(
  context: Context,
  api: ApiContext,
  { stored, operationId, created }: Commanded,
): Promise<Response> {
  await api.published.refresh();
  context.header("etag", cacheEtag(stored.value));
  if (operationId !== undefined) notePolling(context, { ...stored.value, operationId });
  return context.json(databaseBody(stored, api), created ? 201 : 200);
}
