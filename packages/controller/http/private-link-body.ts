/** Private endpoint connections as the management API shows them, on the cache's side. */
import {
  type ConnectionStatus,
  isSameName,
  type PrivateEndpointConnection,
  type PrivateLinkServiceConnectionState,
} from "@larder/api";
import type { StoredPrivateConnection } from "../documents/cache-access.ts";
import type { CacheDocument } from "../documents/cache-document.ts";
import { knownNetworks } from "../network/known-networks.ts";
import type { PrivateLinkParent } from "../network/private-link-parent.ts";
import type { ApiContext } from "./api-context.ts";

type Gateways = Pick<ApiContext, "observations">;

export function connectionBodies(
  cache: CacheDocument,
  parent: PrivateLinkParent,
  api: Gateways,
): PrivateEndpointConnection[] {
  return cache.access.privateConnections.map((connection) => connectionBody(cache, connection, parent, api));
}

export function connectionBody(
  cache: CacheDocument,
  connection: StoredPrivateConnection,
  parent: PrivateLinkParent,
  api: Gateways,
): PrivateEndpointConnection {
  return {
    id: `${parent.idOf(cache)}/privateEndpointConnections/${connection.name}`,
    name: connection.name,
    type: `${parent.resourceType}/privateEndpointConnections`,
    properties: {
      provisioningState: "Succeeded",
      privateEndpoint: { id: connection.endpointId },
      privateLinkServiceConnectionState: connectionState(connection, api),
    },
  };
}

export function connectionState(
  {
    status,
    description,
    network,
  }: Pick<StoredPrivateConnection, "description" | "network"> & { status: ConnectionStatus },
  api: Gateways,
): PrivateLinkServiceConnectionState {
  return { status, description, actionsRequired: status === "Approved" ? whatIsWrong(network, api) : "None" };
}

/** An approved connection works only where gateways can listen. */
function whatIsWrong(network: string, { observations }: Gateways): string {
  const known = knownNetworks(observations.gateways.connectedReports()).find(({ name }) => isSameName(name, network));
  if (known === undefined) return `No connected gateway has the private network '${network}'.`;
  return known.error === null ? "None" : `The gateway cannot listen on '${network}': ${known.error}`;
}
