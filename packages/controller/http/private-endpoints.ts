/**
 * `Microsoft.Network/privateEndpoints`, as far as endpoints of caches go, and Larder's own list of the private networks that there are.
 * The subnet of an endpoint stands for one of them, by its last segment. A change is in force when it is answered.
 */
import { type EndpointConnection, isSameName, type PrivateEndpoint, parsePrivateEndpoint } from "@larder/api";
import type { Context, Hono } from "hono";
import type { Place } from "../caches/caches.ts";
import { cacheHostName } from "../documents/cache-document.ts";
import type { PrivateEndpointDocument } from "../documents/private-endpoint-document.ts";
import { knownNetworks } from "../network/known-networks.ts";
import { endpointId } from "../network/private-endpoint-id.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { requireDatedVersion } from "./api-versions.ts";
import { requireAlso } from "./authorization.ts";
import { readJsonBody } from "./json-body.ts";
import { connectionState } from "./private-link-body.ts";
import { pathValue } from "./request-path.ts";
import { servedByGateways } from "./served-by-gateways.ts";

const inSubscription = "/subscriptions/:subscription/providers/microsoft.network/privateendpoints";
const inGroup = "/subscriptions/:subscription/resourcegroups/:group/providers/microsoft.network/privateendpoints";
export const oneEndpoint = `${inGroup}/:endpoint`;

export function privateEndpoints(app: Hono<ApiEnvironment>, api: ApiContext): void {
  const requireVersion = requireDatedVersion("Microsoft.Network");
  for (const path of [inSubscription, inGroup, oneEndpoint]) app.use(path, requireVersion);

  app.get("/larder/privatenetworks", (context) =>
    context.json({ value: knownNetworks(api.observations.gateways.connectedReports()) }),
  );

  app.get(inSubscription, async (context) => context.json(await page(await api.privateEndpoints.list(), api)));

  app.get(inGroup, async (context) => {
    const { value: group } = await api.groups.require(pathValue(context, "group"));
    return context.json(await page(await api.privateEndpoints.list(group.name), api));
  });

  app.get(oneEndpoint, async (context) =>
    context.json(await endpointBody(await api.privateEndpoints.require(await endpointPlace(context, api)), api)),
  );

  app.put(oneEndpoint, async (context) => {
    const place = await endpointPlace(context, api);
    const request = parsePrivateEndpoint(await readJsonBody(context));
    // Whoever only asks for a connection has to see the cache; whoever takes it has to be able to approve it.
    const { serviceId, isManual } = request.connection;
    if (isManual) requireAlso(context, api, "GET", serviceId);
    else requireAlso(context, api, "POST", `${serviceId}/privateEndpointConnectionsApproval`);
    const { endpoint, cache, isNew } = await api.privateEndpoints.put(place, request);
    await servedByGateways(cache, api);
    return context.json(await endpointBody(endpoint, api), isNew ? 201 : 200);
  });

  app.delete(oneEndpoint, async (context) => {
    const cache = await api.privateEndpoints.remove(await endpointPlace(context, api));
    if (cache === undefined) return context.body(null, 204);
    if (cache !== null) await servedByGateways(cache, api);
    return context.body(null, 200);
  });
}

export async function endpointPlace(context: Context, api: ApiContext): Promise<Place> {
  const { value: group } = await api.groups.require(pathValue(context, "group"));
  return { subscription: api.subscription, resourceGroup: group.name, name: pathValue(context, "endpoint") };
}

async function page(endpoints: PrivateEndpointDocument[], api: ApiContext) {
  return { value: await Promise.all(endpoints.map((endpoint) => endpointBody(endpoint, api))) };
}

async function endpointBody(endpoint: PrivateEndpointDocument, api: ApiContext): Promise<PrivateEndpoint> {
  const connected = await api.privateEndpoints.connected(endpoint);
  const fqdn = connected && cacheHostName(connected.cache.value, api.domain);
  const connection = connectionOf(
    endpoint,
    connectionState(
      connected?.connection ?? {
        ...endpoint,
        status: "Disconnected",
        description: "The cache has no such connection any more.",
      },
      api,
    ),
  );
  return {
    id: endpointId(endpoint),
    name: endpoint.name,
    type: "Microsoft.Network/privateEndpoints",
    location: endpoint.location,
    tags: endpoint.tags,
    properties: {
      provisioningState: "Succeeded",
      subnet: { id: endpoint.subnetId },
      networkInterfaces: [],
      privateLinkServiceConnections: endpoint.isManual ? [] : [connection],
      manualPrivateLinkServiceConnections: endpoint.isManual ? [connection] : [],
      customDnsConfigs: fqdn === null ? [] : [{ fqdn, ipAddresses: addressesOf(endpoint.network, api) }],
    },
  };
}

function connectionOf(
  endpoint: PrivateEndpointDocument,
  state: EndpointConnection["properties"]["privateLinkServiceConnectionState"],
): EndpointConnection {
  const { connectionName, isManual, serviceId, groupId, requestMessage } = endpoint;
  const list = isManual ? "manualPrivateLinkServiceConnections" : "privateLinkServiceConnections";
  return {
    id: `${endpointId(endpoint)}/${list}/${connectionName}`,
    name: connectionName,
    properties: {
      provisioningState: "Succeeded",
      privateLinkServiceId: serviceId,
      groupIds: [groupId],
      requestMessage,
      privateLinkServiceConnectionState: state,
    },
  };
}

function addressesOf(network: string, { observations }: ApiContext): string[] {
  const known = knownNetworks(observations.gateways.connectedReports());
  return known.flatMap(({ name, address }) => (isSameName(name, network) ? [address] : []));
}
