/** `Microsoft.Resources/resourceGroups`. */
import { LarderError, type ResourceGroup, resourceGroupId } from "@larder/api";
import type { Context, Hono } from "hono";
import { z } from "zod";
import type { GroupDocument } from "../documents/group-document.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { requireResourcesVersion } from "./api-versions.ts";
import { readJsonBody } from "./json-body.ts";
import { groupOperationUrl } from "./operations.ts";
import { pathValue } from "./request-path.ts";

const groups = "/subscriptions/:subscription/resourcegroups";
const oneGroup = `${groups}/:group`;
const tags = z.record(z.string(), z.coerce.string()).nullish();
const putBody = z.object({ location: z.string().min(1), tags });
const patchBody = z.object({ tags });

export function groupRoutes(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.use(groups, requireResourcesVersion);
  app.use(oneGroup, requireResourcesVersion);

  app.get(groups, async (context) => context.json({ value: (await api.groups.all()).map(groupBody) }));

  app.on(["GET", "HEAD"], oneGroup, async (context) => {
    const group = await api.groups.require(pathValue(context, "group"));
    return context.req.method === "HEAD" ? context.body(null, 204) : context.json(groupBody(group.value));
  });

  app.put(oneGroup, async (context) => {
    const asked = parsed(putBody, await readJsonBody(context));
    const at = { subscription: api.subscription, name: pathValue(context, "group") };
    const { group, created } = await api.groups.put(at, { location: asked.location, tags: asked.tags ?? {} });
    return context.json(groupBody(group), created ? 201 : 200);
  });

  app.patch(oneGroup, async (context) => {
    const asked = parsed(patchBody, await readJsonBody(context));
    const name = pathValue(context, "group");
    const group = asked.tags ? await api.groups.retag(name, asked.tags) : (await api.groups.require(name)).value;
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

function parsed<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const target = result.error.issues[0]?.path.map(String).join(".") ?? "";
  if (target === "") throw new LarderError("InvalidRequestBody", "The request body must be a JSON object.");
  throw new LarderError("InvalidParameter", `'${target}' is missing or not valid.`, { target });
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
