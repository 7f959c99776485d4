/** The part of the management client that is about from where caches are reached. Errors are those of its calls. */
import { resourceGroupId } from "./names.ts";
import type {
  ConnectionAnswer,
  FirewallRule,
  FirewallRuleProperties,
  PrivateEndpoint,
  PrivateNetworkResource,
} from "./network-resource.ts";
import type { CacheAddress, RestCalls } from "./rest-calls.ts";

const networkApiVersion = "2024-05-01";

export interface EndpointWish {
  cacheId: string;
  network: string;
  location: string;
  /** The cache's owner has to approve it. */
  isManual: boolean;
  requestMessage: string;
}

export class NetworkClient {
  readonly #calls: RestCalls;

  constructor(calls: RestCalls) {
    this.#calls = calls;
  }

  firewallRules(at: CacheAddress): Promise<FirewallRule[]> {
    return this.#calls.listOnCache(at, "/firewallRules");
  }

  /** Returns once it is in force. */
  putFirewallRule(at: CacheAddress, name: string, properties: FirewallRuleProperties): Promise<FirewallRule> {
    return this.#calls.json(this.#calls.onCache(at, rulePath(name), { method: "PUT", body: { properties } }));
  }

  /** Returns whether there was one. */
  async removeFirewallRule(at: CacheAddress, name: string): Promise<boolean> {
    const { status } = await this.#calls.onCache(at, rulePath(name), { method: "DELETE" });
    return status !== 204;
  }

  async privateNetworks(): Promise<PrivateNetworkResource[]> {
    return this.#calls.list("/larder/privateNetworks");
  }

  /** Of one resource group, or of all. */
  endpoints(resourceGroup?: string): Promise<PrivateEndpoint[]> {
    const within =
      resourceGroup === undefined ? `/subscriptions/${this.#calls.subscription}` : this.#calls.groupPath(resourceGroup);
    return this.#calls.list(`${within}/providers/Microsoft.Network/privateEndpoints`, networkApiVersion);
  }

  /** Returns once its cache is served there, unless it has to be approved first. */
  putEndpoint(at: CacheAddress, wish: EndpointWish): Promise<PrivateEndpoint> {
    const { cacheId, network, location, isManual, requestMessage } = wish;
    const connection = { name: at.name, properties: { privateLinkServiceId: cacheId, requestMessage } };
    const group = resourceGroupId(this.#calls.subscription, at.resourceGroup);
    const subnet = { id: `${group}/providers/Microsoft.Network/virtualNetworks/larder/subnets/${network}` };
    const list = isManual ? "manualPrivateLinkServiceConnections" : "privateLinkServiceConnections";
    const body = { location, properties: { subnet, [list]: [connection] } };
    return this.#calls.json(
      this.#calls.call(this.#endpointPath(at), { method: "PUT", apiVersion: networkApiVersion, body }),
    );
  }

  async removeEndpoint(at: CacheAddress): Promise<void> {
    await this.#calls.call(this.#endpointPath(at), { method: "DELETE", apiVersion: networkApiVersion });
  }

  /** Returns once it is in force. */
  async answerConnection(at: CacheAddress, name: string, answer: ConnectionAnswer): Promise<void> {
    const path = `/privateEndpointConnections/${encodeURIComponent(name)}`;
    const body = { properties: { privateLinkServiceConnectionState: answer } };
    await this.#calls.finish(await this.#calls.onResource(at, path, { method: "PUT", body }));
  }

  #endpointPath({ resourceGroup, name }: CacheAddress): string {
    const group = this.#calls.groupPath(resourceGroup);
    return `${group}/providers/Microsoft.Network/privateEndpoints/${encodeURIComponent(name)}`;
  }
}

function rulePath(name: string): string {
  return `/firewallRules/${encodeURIComponent(name)}`;
}
