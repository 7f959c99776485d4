/** Resources of every type in one list: of the subscription, and of a group. */
import { cacheResourceId, clusterResourceId, databaseName, databaseResourceId } from "@larder/api";
import type { Context, Hono } from "hono";
import { endpointId } from "../network/private-endpoint-id.ts";
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
    (await caches.all())
      .filter(({ value: { provider } }) => provider === "redis")
      .map(({ value }) => listed(value, { type: "Microsoft.Cache/Redis", id: cacheResourceId(value) })),
  async ({ clusters }) =>
    (await clusters.all()).flatMap(({ stored: { value: cluster }, database }) => [
      listed(cluster, { type: "Microsoft.Cache/redisEnterprise", id: clusterResourceId(cluster) }),
      ...(database === undefined ? [] : [listedDatabase(database.value)]),
    ]),
  async ({ privateEndpoints }) =>
    (await privateEndpoints.list()).map((endpoint) =>
      listed(endpoint, { type: "Microsoft.Network/privateEndpoints", id: endpointId(endpoint) }),
    ),
];

type Listable = Omit<ListedResource, "id" | "type">;

function listed(
  { name, location, resourceGroup, tags }: Listable,
  of: Pick<ListedResource, "id" | "type">,
): ListedResource {
  return { ...of, name, location, resourceGroup, tags };
}

function listedDatabase(cache: Listable & { subscription: string }): ListedResource {
  const name = `${cache.name}/${databaseName}`;
  const type = "Microsoft.Cache/redisEnterprise/databases";
  return listed({ ...cache, name }, { type, id: databaseResourceId(cache) });
}

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
