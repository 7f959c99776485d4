/** `Microsoft.Resources/resourceGroups`. */
import { LarderError, type ResourceGroup, resourceGroupId } from "@larder/api";
import type { Context, Hono } from "hono";
import type { GroupDocument } from "../documents/group-document.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { requireResourcesVersion } from "./api-versions.ts";
import { readJsonBody } from "./json-body.ts";
import { groupOperationUrl } from "./operations.ts";
import { pathValue } from "./request-path.ts";

const groups = "/subscriptions/:subscription/resourcegroups";
const oneGroup = `${groups}/:group`;

export function groupRoutes(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.use(groups, requireResourcesVersion);
  app.use(oneGroup, requireResourcesVersion);

  app.get(groups, async (context) => context.json({ value: (await api.groups.all()).map(groupBody) }));

  app.on(["GET", "HEAD"], oneGroup, async (context) => {
    const group = await api.groups.require(pathValue(context, "group"));
    return context.req.method === "HEAD" ? context.body(null, 204) : context.json(groupBody(group.value));
  });

  app.put(oneGroup, async (context) => {
    const { location, tags } = parseGroup(await readJsonBody(context));
    if (location === undefined)
      throw new LarderError("InvalidParameter", "'location' is required.", { target: "location" });
    const at = { subscription: api.subscription, name: pathValue(context, "group") };
    const { group, created } = await api.groups.put(at, { location, tags: tags ?? {} });
    return context.json(groupBody(group), created ? 201 : 200);
  });

  app.patch(oneGroup, async (context) => {
    const { tags } = parseGroup(await readJsonBody(context));
    const name = pathValue(context, "group");
    const group = tags === undefined ? (await api.groups.require(name)).value : await api.groups.retag(name, tags);
    return context.json(groupBody(group));
  });

  app.delete(oneGroup, (context) => remove(context, api));

  app.get(`${oneGroup}/resources`, requireResourcesVersion, async (context) => {
    const { value: group } = await api.groups.require(pathValue(context, "group"));
    const caches = (await api.caches.all())
      .map((stored) => stored.value)
      .filter((cache) => cache.resourceGroup === group.name);
    const id = (name: string) => `${groupBody(group).id}/providers/Microsoft.Cache/Redis/${name}`;
    const value = caches.map(({ name, location, tags }) => ({
      id: id(name),
      name,
      type: "Microsoft.Cache/Redis",
      location,
      tags,
    }));
    return context.json({ value });
  });
}

async function remove(context: Context, api: ApiContext): Promise<Response> {
  const operationId = await api.groups.remove(pathValue(context, "group"));
  context.header("location", groupOperationUrl(context, api.subscription, operationId));
  context.header("retry-after", "1");
  return context.body(null, 202);
}

/** Null counts as not given, numbers as text. Throws InvalidRequestBody or InvalidParameter. */
function parseGroup(body: unknown): { location: string | undefined; tags: Record<string, string> | undefined } {
  if (!isRecord(body)) throw new LarderError("InvalidRequestBody", "The request body must be a JSON object.");
  const { location, tags } = body;
  if (location != null && typeof location !== "string")
    throw new LarderError("InvalidParameter", "'location' must be a string.", { target: "location" });
  if (tags != null && (!isRecord(tags) || Object.values(tags).some((value) => typeof value === "object")))
    throw new LarderError("InvalidParameter", "'tags' must be an object of strings.", { target: "tags" });
  const texts = Object.entries((tags ?? {}) as Record<string, unknown>).map(([key, value]) => [key, String(value)]);
  return { location: location || undefined, tags: tags == null ? undefined : Object.fromEntries(texts) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function groupBody(group: GroupDocument): ResourceGroup {
  return {
    id: resourceGroupId(group.subscription, group.name),
    name: group.name,
    type: "Microsoft.Resources/resourceGroups",
    location: group.location,
    tags: group.tags,
    properties: { provisioningState: group.removal === null ? "Succeeded" : "Deleting" },
  };
}
