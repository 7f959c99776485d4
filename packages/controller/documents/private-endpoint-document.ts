/** A private endpoint as the store keeps it. Whether it is approved stands in the cache's document (cache-access.ts). */
export interface PrivateEndpointDocument {
  subscription: string;
  resourceGroup: string;
  name: string;
  location: string;
  tags: Record<string, string>;
  subnetId: string;
  /** The private network that the subnet's id names, as gateways write it. */
  network: string;
  /** Of the cache, as the caller wrote it. */
  serviceId: string;
  groupId: string;
  /** Of the endpoint's connection, and of the same on the cache's side. */
  connectionName: string;
  cacheConnectionName: string;
  requestMessage: string;
  isManual: boolean;
}
