/**
 * A cluster of `Microsoft.Cache/redisEnterprise` as the store keeps it: what its owner asked for. It runs nothing. What runs is its
 * database, which is the cache of the same name (cache-document.ts): it repeats the cluster's size, availability, public access and
 * windows, and changes with them in one transaction.
 *
 * Invariants: a name is a cluster's or a cache's of `Microsoft.Cache/redis`, never both; a cache of the provider "enterprise" has a
 * cluster of its name; once `removal` is set it is never taken back.
 */
import type { ClusterIdentity, EnterpriseSku, MaintenanceWindow, Switch } from "@larder/api";
import type { StoredDocument } from "../store/store.ts";

export interface ClusterDocument {
  /** Tells it from the next one of its name. */
  clusterId: string;
  subscription: string;
  resourceGroup: string;
  name: string;
  location: string;
  tags: Record<string, string>;
  sku: EnterpriseSku;
  zones: string[];
  identity: ClusterIdentity;
  highAvailability: Switch;
  minimumTlsVersion: "1.2";
  /** null: made by a version of the API that did not ask; as Enabled. */
  publicNetworkAccess: Switch | null;
  /** When its engine may be updated; empty: at any time. */
  maintenanceWindows: MaintenanceWindow[];
  /** The operation that ends when the cluster and its database are gone; null: it stays. */
  removal: { operationId: string } | null;
}

export function clusterEtag({ value, revision }: StoredDocument<ClusterDocument>): string {
  return `"${value.clusterId.slice(0, 8)}-${revision}"`;
}
