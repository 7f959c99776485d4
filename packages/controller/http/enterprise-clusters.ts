/** `Microsoft.Cache/redisEnterprise`: create or update, get, list, delete, and which sizes a cluster may take. */
import { clusterNameProblem, isSameName, LarderError, parseClusterCreate, parseClusterUpdate } from "@larder/api";
import type { Context, Hono } from "hono";
import { clusterEtag } from "../documents/enterprise-document.ts";
import type { Cluster, ClusterCommanded, ClusterPrecondition } from "../enterprise/clusters.ts";
import { sizesToScaleTo } from "../enterprise/scaling-choices.ts";
import { agentConnected } from "./agent-connected.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { accepted, notePolling } from "./enterprise-answers.ts";
import { clusterBody } from "./enterprise-body.ts";
import { clusterPlace, clustersInGroup, clustersInSubscription, oneCluster } from "./enterprise-paths.ts";
import { readJsonBody } from "./json-body.ts";
import { pageOf } from "./paging.ts";
import { preconditionOf } from "./preconditions.ts";
import { apiVersionOf, pathValue } from "./request-path.ts";

export function enterpriseClusters(app: Hono<ApiEnvironment>, api: ApiContext): void {
  const page = (context: Context, clusters: readonly Cluster[]) =>
    pageOf(context, clusters, { nameOf: ({ stored }) => stored.key, bodyOf: (cluster) => clusterBody(cluster, api) });

  app.get(clustersInSubscription, async (context) => context.json(page(context, await api.clusters.all())));

  app.get(clustersInGroup, async (context) => {
    const { value: group } = await api.groups.require(pathValue(context, "group"));
    const all = await api.clusters.all();
    const inGroup = all.filter(({ stored }) => isSameName(stored.value.resourceGroup, group.name));
    return context.json(page(context, inGroup));
  });

  app.get(oneCluster, async (context) => {
    const cluster = await api.clusters.require(await clusterPlace(context, api));
    context.header("etag", clusterEtag(cluster.stored));
    return context.json(clusterBody(cluster, api));
  });

  app.put(oneCluster, async (context) => {
    const place = await clusterPlace(context, api);
    const problem = clusterNameProblem(place.name);
    if (problem !== undefined)
      throw new LarderError("InvalidResourceName", `The cluster name ${problem}.`, { target: "clusterName" });
    const asked = parseClusterCreate(await readJsonBody(context), apiVersionOf(context).toLowerCase());
    await agentConnected(api, context.req.raw.signal);
    return answer(context, api, await api.clusters.put(place, asked, expectation(context)));
  });

  app.patch(oneCluster, async (context) => {
    const place = await clusterPlace(context, api);
    const asked = parseClusterUpdate(await readJsonBody(context));
    return answer(context, api, await api.clusters.patch(place, asked, expectation(context)));
  });

  app.delete(oneCluster, async (context) => {
    const place = await clusterPlace(context, api);
    const operation = await api.clusters.remove(place, expectation(context));
    return operation === undefined ? context.body(null, 204) : accepted(context, { ...place, ...operation });
  });

  app.post(`${oneCluster}/listskusforscaling`, async (context) => {
    const cluster = await api.clusters.require(await clusterPlace(context, api));
    const skus = sizesToScaleTo(cluster, await api.caches.scaleFacts());
    return context.json({ skus: skus.map(({ name, sizeGb }) => ({ name, sizeInGB: sizeGb })) });
  });
}

function expectation(context: Context): ClusterPrecondition {
  return preconditionOf(context, "cluster", clusterEtag);
}

async function answer(context: Context, api: ApiContext, commanded: ClusterCommanded): Promise<Response> {
  const { stored, operationId, created } = commanded;
  await api.published.refresh();
  context.header("etag", clusterEtag(stored));
  if (operationId !== undefined) notePolling(context, { ...stored.value, operationId });
  return context.json(clusterBody(commanded, api), created ? 201 : 200);
}
