/**
 * The commands on private endpoints: create, change, remove. An endpoint and its connection, which is in the document of the cache that
 * it connects to, are made and removed in one transaction. Refusals throw LarderError.
 *
 * The cache's owner may remove the connection alone: then the endpoint stays, disconnected, and can only be deleted.
 */
import {
  isSameName,
  LarderError,
  type PrivateEndpointRequest,
  type PrivateNetworkResource,
  privateEndpointNameProblem,
} from "@larder/api";
import type { Randomness } from "@larder/service";
import type { CacheActions } from "../caches/cache-actions.ts";
import type { Caches, Place } from "../caches/caches.ts";
import type { StoredPrivateConnection } from "../documents/cache-access.ts";
import type { CacheDocument } from "../documents/cache-document.ts";
import { groupEndpointsPrefix, privateEndpointKey, privateEndpointsPrefix } from "../documents/document-keys.ts";
import type { PrivateEndpointDocument } from "../documents/private-endpoint-document.ts";
import type { Store, StoredDocument } from "../store/store.ts";
import { refuseGoing } from "./going-cache.ts";
import { connectionOf, withConnection, withoutConnection } from "./private-connections.ts";
import { endpointId } from "./private-endpoint-id.ts";
import { type PrivateLinkParent, parentOf } from "./private-link-parent.ts";

export interface PrivateEndpointsOptions {
  store: Store;
  caches: Caches;
  actions: CacheActions;
  randomness: Randomness;
  /** Which private network the id of a subnet names. Throws InvalidParameter. */
  networkOf(subnetId: string): PrivateNetworkResource;
}

type Tags = PrivateEndpointDocument["tags"];

export class PrivateEndpoints {
  readonly #options: PrivateEndpointsOptions;

  constructor(options: PrivateEndpointsOptions) {
    this.#options = options;
  }

  find(place: Place): Promise<StoredDocument<PrivateEndpointDocument> | undefined> {
    return this.#options.store.get<PrivateEndpointDocument>(privateEndpointKey(place));
  }

  /** Throws ResourceNotFound. */
  async require(place: Place): Promise<PrivateEndpointDocument> {
    return (await this.#required(place)).value;
  }

  /** Of one group, or all. */
  async list(resourceGroup?: string): Promise<PrivateEndpointDocument[]> {
    const prefix = resourceGroup === undefined ? privateEndpointsPrefix : groupEndpointsPrefix(resourceGroup);
    const { documents } = await this.#options.store.list<PrivateEndpointDocument>(prefix);
    return documents.map(({ value }) => value);
  }

  /** The cache that it connects to, and the connection there; null where there is none any more. */
  async connected(
    endpoint: PrivateEndpointDocument,
  ): Promise<{ cache: StoredDocument<CacheDocument>; connection: StoredPrivateConnection } | null> {
    const { parent, place } = parentOf(endpoint.serviceId);
    const cache = await parent.require(this.#options.caches, place).catch(nullIfNotFound);
    const connection = cache && connectionOf(cache.value, endpoint.cacheConnectionName);
    return cache && connection ? { cache, connection } : null;
  }

  async put(
    place: Place,
    request: PrivateEndpointRequest,
  ): Promise<{ endpoint: PrivateEndpointDocument; cache: StoredDocument<CacheDocument>; isNew: boolean }> {
    const stored = await this.find(place);
    if (stored !== undefined) return { ...(await this.#change(stored, request)), isNew: false };
    const problem = privateEndpointNameProblem(place.name);
    if (problem !== undefined)
      throw new LarderError("InvalidResourceName", `The name of a private endpoint ${problem}.`, { target: "name" });
    return { ...(await this.#create(place, request)), isNew: true };
  }

  /** Returns the tags that it has then. Also one that is disconnected has some. */
  async retag(place: Place, change: (tags: Tags) => Tags): Promise<Tags> {
    const stored = await this.#required(place);
    return (await this.#retagged(stored, change(stored.value.tags))).tags;
  }

  /** Returns the cache that had the connection; undefined where there was no such endpoint, null where no cache had one. */
  async remove(place: Place): Promise<StoredDocument<CacheDocument> | null | undefined> {
    const { store, actions } = this.#options;
    const stored = await this.find(place);
    if (stored === undefined) return undefined;
    const { key, revision, value } = stored;
    const beside = { require: [{ key, revision }], delete: [key] };
    const connected = await this.connected(value);
    if (connected !== null)
      return actions.change(connected.cache.value, (cache) => ({
        cache: withoutConnection(cache, value.cacheConnectionName),
        beside,
      }));
    await store.transact(beside);
    return null;
  }

  async removeAllOf(resourceGroup: string): Promise<void> {
    for (const endpoint of await this.list(resourceGroup)) await this.remove(endpoint);
  }

  async #required(place: Place): Promise<StoredDocument<PrivateEndpointDocument>> {
    const stored = await this.find(place);
    if (stored !== undefined) return stored;
    throw new LarderError(
      "ResourceNotFound",
      `There is no private endpoint '${place.name}' in '${place.resourceGroup}'.`,
    );
  }

  async #create(place: Place, request: PrivateEndpointRequest) {
    const { caches, actions, randomness, networkOf } = this.#options;
    const { location, tags, subnetId, connection: asked } = request;
    const { parent, place: service } = parentOf(asked.serviceId);
    if (!isSameName(service.subscription, place.subscription))
      throw new LarderError("SubscriptionNotFound", `The subscription '${service.subscription}' could not be found.`);
    const groupId = groupIdOf(parent, asked.groupId);
    const { value: target } = await parent.require(caches, service);
    const { name: network } = networkOf(subnetId);
    const cacheConnectionName = `${place.name}.${randomness.uuid()}`;
    const endpoint: PrivateEndpointDocument = {
      ...place,
      ...{ location, tags, subnetId, network, groupId, cacheConnectionName },
      serviceId: parent.idOf(target),
      connectionName: asked.name,
      requestMessage: asked.requestMessage,
      isManual: asked.isManual,
    };
    const connection: StoredPrivateConnection = {
      name: cacheConnectionName,
      endpointId: endpointId(endpoint),
      network,
      status: asked.isManual ? "Pending" : "Approved",
      description: asked.isManual ? asked.requestMessage : "Auto-approved",
    };
    const key = privateEndpointKey(place);
    const beside = { require: [{ key, revision: 0 }], put: [{ key, value: endpoint }] };
    const cache = await actions.change(target, (now) => {
      refuseGoing(now);
      return { cache: withConnection(now, connection), beside };
    });
    return { endpoint, cache };
  }

  /** Its tags, and nothing else. */
  async #change(stored: StoredDocument<PrivateEndpointDocument>, request: PrivateEndpointRequest) {
    const { value } = stored;
    const connected = await this.connected(value);
    if (connected === null)
      throw new LarderError("Conflict", `'${value.name}' is disconnected; delete it, and make another.`);
    this.#refuseOther(value, request);
    return { endpoint: await this.#retagged(stored, request.tags), cache: connected.cache };
  }

  async #retagged({ key, revision, value }: StoredDocument<PrivateEndpointDocument>, tags: Tags) {
    const endpoint = { ...value, tags };
    const outcome = await this.#options.store.transact({
      require: [{ key, revision }],
      put: [{ key, value: endpoint }],
    });
    if (outcome.committed) return endpoint;
    throw new LarderError("Conflict", `'${value.name}' was changed at the same moment; try again.`);
  }

  #refuseOther(endpoint: PrivateEndpointDocument, { subnetId, connection }: PrivateEndpointRequest): void {
    const isSame =
      isSameName(endpoint.subnetId, subnetId) &&
      isSameName(endpoint.serviceId, connection.serviceId) &&
      endpoint.isManual === connection.isManual;
    if (isSame) return;
    throw new LarderError(
      "InvalidParameter",
      `The subnet and the connection of '${endpoint.name}' cannot change; delete it, and make another.`,
      { target: "properties" },
    );
  }
}

function groupIdOf({ groupId }: PrivateLinkParent, asked: string | undefined): string {
  if (asked === undefined || isSameName(asked, groupId)) return groupId;
  const target = "properties.privateLinkServiceConnections.0.properties.groupIds";
  throw new LarderError("InvalidParameter", `'${target}' must be ${groupId}, not '${asked}'.`, { target });
}

function nullIfNotFound(error: unknown): null {
  if (error instanceof LarderError && error.code === "ResourceNotFound") return null;
  throw error;
}
