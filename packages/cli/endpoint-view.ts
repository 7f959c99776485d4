/** Private endpoints and networks as people read them. Pure. */
import type { PrivateEndpoint, PrivateNetworkResource } from "@larder/api/network-resource";
import { resourceGroupOf } from "./resource-id.ts";
import { formatTable } from "./table.ts";
import type { Colors } from "./terminal.ts";

export function lastSegment(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}

/** The name of the cache that it connects to. */
export function cacheOf(endpoint: PrivateEndpoint): string {
  return lastSegment(connectionOf(endpoint).privateLinkServiceId);
}

export function formatEndpointTable(endpoints: readonly PrivateEndpoint[], colors: Colors): string {
  if (endpoints.length === 0) return "There are no private endpoints.\n";
  const groups = new Set(endpoints.map(resourceGroupOf));
  const heading = ["NAME", "CACHE", "NETWORK", "ADDRESS", "STATE", ...(groups.size > 1 ? ["GROUP"] : [])];
  const rows = endpoints.map((endpoint) => [
    colors.bold(endpoint.name),
    cacheOf(endpoint),
    lastSegment(endpoint.properties.subnet.id),
    addressOf(endpoint),
    formatState(endpoint, colors),
    ...(groups.size > 1 ? [resourceGroupOf(endpoint)] : []),
  ]);
  return formatTable([heading.map((text) => colors.dim(text)), ...rows]);
}

export function formatEndpoint(endpoint: PrivateEndpoint, colors: Colors): string {
  const name = endpoint.properties.customDnsConfigs[0]?.fqdn ?? cacheOf(endpoint);
  return `${colors.bold(endpoint.name)}: ${name} at ${addressOf(endpoint)}, ${formatState(endpoint, colors)}\n`;
}

export function formatNetworkTable(networks: readonly PrivateNetworkResource[], colors: Colors): string {
  if (networks.length === 0) return "There are no private networks: see `larder up --private-network`.\n";
  const heading = ["NETWORK", "ADDRESS", "STATE"].map((text) => colors.dim(text));
  const rows = networks.map(({ name, address, error }) => [
    colors.bold(name),
    address,
    error === null ? colors.green("served") : colors.red(error),
  ]);
  return formatTable([heading, ...rows]);
}

function formatState(endpoint: PrivateEndpoint, colors: Colors): string {
  const { status, actionsRequired } = connectionOf(endpoint).privateLinkServiceConnectionState;
  if (status !== "Approved") return colors.yellow(status.toLowerCase());
  return actionsRequired === "None" ? colors.green("approved") : colors.red(actionsRequired);
}

function addressOf({ properties }: PrivateEndpoint): string {
  return properties.customDnsConfigs[0]?.ipAddresses.join(", ") || "-";
}

function connectionOf({ properties }: PrivateEndpoint) {
  const [connection] = [...properties.privateLinkServiceConnections, ...properties.manualPrivateLinkServiceConnections];
  if (connection === undefined) throw new Error("a private endpoint has a connection");
  return connection.properties;
}
