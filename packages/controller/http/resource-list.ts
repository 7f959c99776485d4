/** Resources of every type in one list: of the subscription, and of a group. */
import { cacheResourceId } from "@larder/api";
import type { Context, Hono } from "hono";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { requireResourcesVersion } from "./api-versions.ts";
import { pageOf } from "./paging.ts";
import { pathValue } from "./request-path.ts";
import { parseFilter } from "./resource-filter.ts";

/** What every resource has, whatever its type. */
export interface ListedResource {
  id: string;
  name: string;
  type: string;
  location: string;
  resourceGroup: string;
  tags: Record<string, string>;
}

/** One for each type of resource. */
const sources: readonly ((api: ApiContext) => Promise<ListedResource[]>)[] = [
  async ({ caches }) =>
    (await caches.all()).map(({ value: cache }) => ({
      id: cacheResourceId(cache),
      name: cache.name,
      type: "Microsoft.Cache/Redis",
      location: cache.location,
      resourceGroup: cache.resourceGroup,
      tags: cache.tags,
    })),
];

export async function allResources(api: ApiContext): Promise<ListedResource[]> {
  return (await Promise.all(sources.map((source) => source(api)))).flat();
}

export function resourceLists(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.get("/subscriptions/:subscription/resources", requireResourcesVersion, async (context) =>
    context.json(listing(context, await allResources(api))),
  );
  app.get("/subscriptions/:subscription/resourcegroups/:group/resources", requireResourcesVersion, async (context) => {
    const { value: group } = await api.groups.require(pathValue(context, "group"));
    const isInside = (resource: ListedResource) => resource.resourceGroup.toLowerCase() === group.name.toLowerCase();
    return context.json(listing(context, (await allResources(api)).filter(isInside)));
  });
}

function listing(context: Context, resources: readonly ListedResource[]) {
  const wanted = resources.filter(parseFilter(context.req.query("$filter")));
  const bodyOf = ({ resourceGroup: _, ...body }: ListedResource) => body;
  return pageOf(context, wanted, { nameOf: ({ id }) => id.toLowerCase(), bodyOf });
}
