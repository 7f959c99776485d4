/** `Microsoft.Resources/resourceGroups`. */
import { parseGroup, parseGroupUpdate, type ResourceGroup, resourceGroupId } from "@larder/api";
import type { Context, Hono } from "hono";
import type { GroupDocument } from "../documents/group-document.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { requireResourcesVersion } from "./api-versions.ts";
import { readJsonBody } from "./json-body.ts";
import { groupOperationUrl } from "./operations.ts";
import { pageOf } from "./paging.ts";
import { pathValue } from "./request-path.ts";
import { parseFilter } from "./resource-filter.ts";

const groups = "/subscriptions/:subscription/resourcegroups";
const oneGroup = `${groups}/:group`;

export function groupRoutes(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.use(groups, requireResourcesVersion);
  app.use(oneGroup, requireResourcesVersion);

  app.get(groups, async (context) => {
    const wanted = (await api.groups.all()).filter(parseFilter(context.req.query("$filter")));
    return context.json(pageOf(context, wanted, { nameOf: ({ name }) => name.toLowerCase(), bodyOf: groupBody }));
  });

  app.get(oneGroup, async (context) => {
    const { value: group } = await api.groups.require(pathValue(context, "group"));
    return context.json(groupBody(group));
  });

  app.put(oneGroup, async (context) => {
    const { location, tags } = parseGroup(await readJsonBody(context));
    const at = { subscription: api.subscription, name: pathValue(context, "group") };
    const { group, created } = await api.groups.put(at, { location, tags: tags ?? {} });
    return context.json(groupBody(group), created ? 201 : 200);
  });

  app.patch(oneGroup, async (context) => {
    const { tags } = parseGroupUpdate(await readJsonBody(context));
    const name = pathValue(context, "group");
    const group =
      tags === undefined ? (await api.groups.require(name)).value : await api.groups.retag(name, () => tags);
    return context.json(groupBody(group));
  });

  app.delete(oneGroup, (context) => remove(context, api));
}

async function remove(context: Context, api: ApiContext): Promise<Response> {
  const operationId = await api.groups.remove(pathValue(context, "group"));
  context.header("location", groupOperationUrl(context, api.subscription, operationId));
  context.header("retry-after", "1");
  return context.body(null, 202);
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
