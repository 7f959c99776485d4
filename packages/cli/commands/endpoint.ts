/** `larder endpoint …`: private endpoints, by which caches are reached in private networks. */
import { isSameName } from "@larder/api/names";
import { NetworkClient } from "@larder/api/network-client";
import type { PrivateEndpointConnection } from "@larder/api/network-resource";
import { findCache } from "../cache-lookup.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
import { cacheOf, formatEndpoint, formatEndpointTable, formatNetworkTable, lastSegment } from "../endpoint-view.ts";
import { CommandError } from "../failure.ts";
import { resourceGroupOf } from "../resource-id.ts";

export interface EndpointOptions extends CommonOptions {
  resourceGroup?: string;
}

export interface AddEndpointOptions extends EndpointOptions {
  network: string;
  ask?: string | true;
}

export async function listEndpoints(cache: string | undefined, options: EndpointOptions): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const all = await new NetworkClient(client.calls).endpoints(options.resourceGroup);
  const endpoints = all.filter((endpoint) => cache === undefined || isSameName(cacheOf(endpoint), cache));
  print(endpoints, () => formatEndpointTable(endpoints, terminal.colors));
}

export async function listNetworks(options: CommonOptions): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const networks = await new NetworkClient(client.calls).privateNetworks();
  print(networks, () => formatNetworkTable(networks, terminal.colors));
}

export async function addEndpoint(name: string, cacheName: string, options: AddEndpointOptions): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const { cache, at } = await findCache(client, cacheName);
  const endpoint = await new NetworkClient(client.calls).putEndpoint(
    { resourceGroup: options.resourceGroup ?? at.resourceGroup, name },
    {
      cacheId: cache.id,
      network: options.network,
      location: cache.location,
      isManual: options.ask !== undefined,
      requestMessage: typeof options.ask === "string" ? options.ask : "",
    },
  );
  print(endpoint, () => formatEndpoint(endpoint, terminal.colors));
}

export async function removeEndpoint(name: string, options: EndpointOptions): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const network = new NetworkClient(client.calls);
  const endpoint = (await network.endpoints(options.resourceGroup)).find((each) => isSameName(each.name, name));
  if (endpoint === undefined)
    throw new CommandError(
      "ResourceNotFound",
      `There is no private endpoint named ${name}.`,
      "`larder endpoint list` shows those that there are",
    );
  await network.removeEndpoint({ resourceGroup: resourceGroupOf(endpoint), name: endpoint.name });
  print({ name: endpoint.name, removed: true }, () => `${terminal.colors.green("Removed")} ${endpoint.name}\n`);
}

export async function answerEndpoint(
  status: "Approved" | "Rejected",
  names: { cache: string; endpoint: string },
  options: EndpointOptions & { message?: string },
): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const { cache, at } = await findCache(client, names.cache, options.resourceGroup);
  const connection = findConnection(cache.connections, cache.name, names.endpoint);
  const answer = { status, description: options.message };
  await new NetworkClient(client.calls).answerConnection(at, connection.name, answer);
  const paint = status === "Approved" ? terminal.colors.green : terminal.colors.yellow;
  print({ cache: cache.name, connection: connection.name, status }, () => `${paint(status)} ${names.endpoint}\n`);
}

/** By the endpoint's name or the connection's own. Throws ResourceNotFound, and InvalidParameter where several have it. */
function findConnection(
  connections: readonly PrivateEndpointConnection[],
  cache: string,
  asked: string,
): PrivateEndpointConnection {
  const named = connections.filter(
    ({ name, properties }) => isSameName(name, asked) || isSameName(lastSegment(properties.privateEndpoint.id), asked),
  );
  const [found, another] = named;
  if (found === undefined)
    throw new CommandError(
      "ResourceNotFound",
      `No private endpoint named ${asked} connects to ${cache}.`,
      `\`larder endpoint list ${cache}\` shows those that do`,
    );
  if (another === undefined) return found;
  const names = named.map(({ name }) => name).join(" or ");
  throw new CommandError("InvalidParameter", `Several endpoints are named ${asked}.`, `say which connection: ${names}`);
}
