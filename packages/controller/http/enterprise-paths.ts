/** Paths of `Microsoft.Cache/redisEnterprise`, and what a call's path names. */
import { databaseName, LarderError } from "@larder/api";
import type { Context } from "hono";
import { notFound } from "../caches/cache-refusals.ts";
import type { Place } from "../caches/caches.ts";
import type { ApiContext } from "./api-context.ts";
import { pathValue } from "./request-path.ts";

export const clustersInSubscription = "/subscriptions/:subscription/providers/microsoft.cache/redisenterprise";
export const clustersInGroup =
  "/subscriptions/:subscription/resourcegroups/:group/providers/microsoft.cache/redisenterprise";
export const oneCluster = `${clustersInGroup}/:name`;
export const databasesOfCluster = `${oneCluster}/databases`;
export const oneDatabase = `${databasesOfCluster}/:database`;

/** Of a cluster, or of its database. Throws ResourceGroupNotFound. */
export async function clusterPlace(context: Context, api: ApiContext): Promise<Required<Place>> {
  const resourceGroup = pathValue(context, "group");
  await api.groups.require(resourceGroup);
  const name = pathValue(context, "name");
  return { subscription: api.subscription, resourceGroup, name, provider: "enterprise" };
}

/** Throws ResourceGroupNotFound, and ResourceNotFound for a database of another name than the only one. */
export async function databasePlace(context: Context, api: ApiContext): Promise<Required<Place>> {
  const place = await clusterPlace(context, api);
  const name = pathValue(context, "database");
  if (name.toLowerCase() === databaseName) return place;
  if (context.req.method !== "PUT") throw notFound(place, `redisEnterprise/${place.name}/databases/${name}`);
  const text = `A cluster has one database, whose name is '${databaseName}', not '${name}'.`;
  throw new LarderError("InvalidResourceName", text, { target: "databaseName" });
}
