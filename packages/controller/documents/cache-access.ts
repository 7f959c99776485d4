/**
 * Who may use a cache's data and from where, as the cache's document keeps it: custom access policies, who has which policy, firewall
 * rules, private endpoints. Access keys and whether they count are elsewhere in the document.
 *
 * None of these locks the cache: they change while it scales or fails over. `generation` is what engines are to have taken; routes
 * carry the rest.
 */

/** Names compare without case. */
export interface StoredPolicy {
  name: string;
  /** An ACL string, without whatever would make or name a user. */
  permissions: string;
  /** `CacheAccess.generation` of its last change. */
  generation: number;
}

export interface StoredAssignment {
  name: string;
  /** Who: the `oid` of tokens. */
  objectId: string;
  /** The user name that goes with the token; as a rule the object id itself. */
  alias: string;
  /** Of a built-in policy or of one of the cache's. */
  policyName: string;
  generation: number;
}

/** Both IPv4 or both IPv6. */
export interface StoredFirewallRule {
  name: string;
  firstAddress: string;
  lastAddress: string;
}

/** A connection of a private endpoint to the cache. */
export interface StoredPrivateConnection {
  name: string;
  /** The resource id of the endpoint. */
  endpointId: string;
  /** One of the private networks that gateways have. */
  network: string;
  status: "Pending" | "Approved" | "Rejected";
  description: string;
}

export interface CacheAccess {
  /** Rises with every change of policies and of who has them. */
  generation: number;
  /** Rises when all connections are to end. */
  cutEpoch: number;
  policies: StoredPolicy[];
  assignments: StoredAssignment[];
  firewallRules: StoredFirewallRule[];
  privateConnections: StoredPrivateConnection[];
}

export const noAccess: CacheAccess = {
  generation: 0,
  cutEpoch: 0,
  policies: [],
  assignments: [],
  firewallRules: [],
  privateConnections: [],
};
