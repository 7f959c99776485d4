/**
 * `Microsoft.Cache/redis/linkedServers`: geo-replication, which Larder does not have. A cache has no links: the list is empty, there is
 * none to get or delete (a delete that finds nothing gets 404: Azure's description has no 204 for it), and to make one is refused.
 */
import { LarderError, parseLinkedServer } from "@larder/api";
import type { Context, Hono } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { readJsonBody } from "./json-body.ts";
import { cachePlace, oneCache } from "./redis-caches.ts";
import { pathValue } from "./request-path.ts";

const links = `${oneCache}/linkedservers`;
const oneLink = `${links}/:link`;

export function linkedServers(app: Hono<ApiEnvironment>, api: ApiContext): void {
  const requireCache = async (context: Context) => {
    await api.groups.require(cachePlace(context).resourceGroup);
    await api.caches.require(cachePlace(context));
  };
  const absent = async (context: Context) => {
    await requireCache(context);
    const { name } = cachePlace(context);
    throw new LarderError("ResourceNotFound", `'${name}' is not linked with '${pathValue(context, "link")}'.`);
  };

  app.get(links, async (context) => {
    await requireCache(context);
    return context.json({ value: [] });
  });
  app.get(oneLink, absent);
  app.delete(oneLink, absent);
  app.put(oneLink, async (context) => {
    await requireCache(context);
    parseLinkedServer(await readJsonBody(context));
    throw new LarderError(
      "OperationNotSupported",
      "Larder does not have geo-replication yet, so caches cannot be linked. Export and import carry data from one to another.",
      { target: "properties.linkedRedisCacheId" },
    );
  });
}
