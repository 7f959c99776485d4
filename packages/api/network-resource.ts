/**
 * Bodies of what says from where a cache is reached, as they stand on the wire: children of a cache (Azure/azure-rest-api-specs,
 * redis.json) and the private endpoint itself (privateEndpoint.json of Microsoft.Network, cut to what a cache's endpoint needs).
 */
import type { PrivateNetworkReport } from "./gateway-protocol.ts";

/** `…/redis/{cache}/firewallRules/{rule}`. */
export interface FirewallRule {
  id: string;
  /** "{cache}/{rule}" */
  name: string;
  type: "Microsoft.Cache/Redis/firewallRules";
  properties: FirewallRuleProperties;
}

/** Both IPv4 or both IPv6. */
export interface FirewallRuleProperties {
  startIP: string;
  endIP: string;
}

/** Pending: the cache's owner has yet to answer. Disconnected: there is no such connection any more. */
export type ConnectionStatus = "Pending" | "Approved" | "Rejected" | "Disconnected";

export interface PrivateLinkServiceConnectionState {
  status: ConnectionStatus;
  description: string;
  /** "None", or what keeps an approved connection from working. */
  actionsRequired: string;
}

/** `…/privateEndpointConnections/{connection}`: the cache's side. */
export interface PrivateEndpointConnection {
  id: string;
  name: string;
  type: string;
  properties: {
    provisioningState: "Succeeded";
    privateEndpoint: { id: string };
    privateLinkServiceConnectionState: PrivateLinkServiceConnectionState;
  };
}

/** `…/privateLinkResources/{group}`: what endpoints of a cache connect to. */
export interface PrivateLinkResource {
  id: string;
  name: string;
  type: string;
  properties: { groupId: string; requiredMembers: string[]; requiredZoneNames: string[] };
}

/** `…/Microsoft.Network/privateEndpoints/{endpoint}`: the network's side. */
export interface PrivateEndpoint {
  id: string;
  name: string;
  type: "Microsoft.Network/privateEndpoints";
  location: string;
  tags: Record<string, string>;
  properties: {
    provisioningState: "Succeeded";
    /** Its last segment names a private network of the gateways. */
    subnet: { id: string };
    networkInterfaces: { id: string }[];
    /** Of the two lists one has the one connection that there is. */
    privateLinkServiceConnections: EndpointConnection[];
    manualPrivateLinkServiceConnections: EndpointConnection[];
    /** Under which name, and where, the cache is reached there. */
    customDnsConfigs: { fqdn: string; ipAddresses: string[] }[];
  };
}

export interface EndpointConnection {
  id: string;
  name: string;
  properties: {
    provisioningState: "Succeeded";
    privateLinkServiceId: string;
    groupIds: string[];
    requestMessage: string;
    privateLinkServiceConnectionState: PrivateLinkServiceConnectionState;
  };
}

/** `GET /larder/privateNetworks`: what subnets can name. Of several gateways the first that has a problem speaks. */
export type PrivateNetworkResource = Pick<PrivateNetworkReport, "name" | "address" | "error">;

/** What a caller asks of a private endpoint. */
export interface PrivateEndpointRequest {
  location: string;
  tags: Record<string, string>;
  subnetId: string;
  connection: {
    name: string;
    serviceId: string;
    /** undefined: the one that there is. */
    groupId: string | undefined;
    requestMessage: string;
    /** The cache's owner has to approve it. */
    isManual: boolean;
  };
}

export interface ConnectionAnswer {
  status: "Approved" | "Rejected";
  description: string | undefined;
}
