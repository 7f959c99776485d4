/**
 * The commands on clusters of `Microsoft.Cache/redisEnterprise`: create, change, remove. A cluster that has a database changes
 * together with it; one that has none has nothing to wait for. Refusals throw LarderError.
 */
import { type CacheId, type ClusterAsked, type ClusterCreateBody, LarderError } from "@larder/api";
import type { Clock, Randomness } from "@larder/service";
import type { Along } from "../caches/cache-changes.ts";
import { busy, groupGoing, nameTaken, notFound } from "../caches/cache-refusals.ts";
import type { Caches, Place } from "../caches/caches.ts";
import { placeNodes } from "../caches/capacity.ts";
import type { CacheDocument } from "../documents/cache-document.ts";
import { cacheKey, clusterKey, clustersPrefix, groupKey, operationKey } from "../documents/document-keys.ts";
import type { ClusterDocument } from "../documents/enterprise-document.ts";
import type { GroupDocument } from "../documents/group-document.ts";
import type { OperationDocument } from "../documents/operation-document.ts";
import type { Store, StoredDocument } from "../store/store.ts";
import { changedCluster, newCluster } from "./cluster-rules.ts";
import { changedDatabase, newDatabase } from "./database-rules.ts";

export interface ClustersOptions {
  store: Store;
  caches: Caches;
  clock: Clock;
  randomness: Randomness;
  /** Makes the names of a location's caches part of the server's certificate. */
  coverLocation(location: string): Promise<void>;
}

/** A cluster, and the cache that is its database. */
export interface Cluster {
  stored: StoredDocument<ClusterDocument>;
  database: StoredDocument<CacheDocument> | undefined;
}

type Tags = ClusterDocument["tags"];

/** Throws PreconditionFailed unless the cluster as it is, or its absence, is what the caller expects. */
export type ClusterPrecondition = (current: StoredDocument<ClusterDocument> | undefined) => void;

/** After a command; the operation may have ended already. */
export interface ClusterCommanded extends Cluster {
  operationId: string | undefined;
  created: boolean;
}

export class Clusters {
  readonly #options: ClustersOptions;

  constructor(options: ClustersOptions) {
    this.#options = options;
  }

  async all(): Promise<Cluster[]> {
    const { store, caches } = this.#options;
    const { documents } = await store.list<ClusterDocument>(clustersPrefix);
    const databases = new Map((await caches.all()).map((stored) => [stored.key, stored]));
    return documents.map((stored) => ({ stored, database: databases.get(cacheKey(stored.value.name)) }));
  }

  async find(place: Place): Promise<Cluster | undefined> {
    const { store, caches } = this.#options;
    const stored = await store.get<ClusterDocument>(clusterKey(place.name));
    if (stored?.value.resourceGroup.toLowerCase() !== place.resourceGroup.toLowerCase()) return undefined;
    return { stored, database: await caches.find(place.name) };
  }

  /** Throws ResourceNotFound. */
  async require(place: Place): Promise<Cluster> {
    const found = await this.find(place);
    if (found !== undefined) return found;
    throw notFound(place, `redisEnterprise/${place.name}`);
  }

  /** PUT: creates the cluster, or changes it to what is asked. */
  async put(place: Place, asked: ClusterCreateBody, precondition: ClusterPrecondition): Promise<ClusterCommanded> {
    const found = await this.find(place);
    precondition(found?.stored);
    if (found === undefined) return this.#create(place, asked);
    const { location } = found.stored.value;
    if (simplified(asked.location) !== simplified(location))
      throw new LarderError("InvalidParameter", `The cluster is in '${location}' and cannot move.`, {
        target: "location",
      });
    return this.#change(found, { ...asked, tags: asked.tags ?? {} });
  }

  async patch(place: Place, asked: ClusterAsked, precondition: ClusterPrecondition): Promise<ClusterCommanded> {
    const found = await this.require(place);
    precondition(found.stored);
    return this.#change(found, asked);
  }

  /** Returns the tags that it has then. */
  async retag(place: Place, change: (tags: Tags) => Tags): Promise<Tags> {
    const found = await this.require(place);
    return (await this.#change(found, { tags: change(found.stored.value.tags) })).stored.value.tags;
  }

  /** Returns the operation, that of an earlier call where the removal is under way; undefined where there is no cluster. */
  async remove(place: Place, precondition: ClusterPrecondition): Promise<OperationDocument | undefined> {
    const found = await this.find(place);
    precondition(found?.stored);
    if (found === undefined) return undefined;
    const { stored, database } = found;
    const { value: cluster } = stored;
    if (cluster.removal !== null) return this.#operation(cluster.removal.operationId);
    if (database?.value.change != null && database.value.removal === null) throw busy(database.value);
    const operation = this.#newOperation("delete", cluster, { hasEnded: false });
    await this.#write(stored, { ...cluster, removal: { operationId: operation.operationId } }, operation);
    return operation;
  }

  /** Begins the removal of a cluster whichever group it is in; does nothing where it cannot begin now. */
  async removeByName(name: string): Promise<void> {
    const stored = await this.#options.store.get<ClusterDocument>(clusterKey(name));
    if (stored === undefined || stored.value.removal !== null) return;
    const database = await this.#options.caches.find(name);
    if (database?.value.change == null) await this.remove(stored.value, () => {});
  }

  async #create(place: Place, asked: ClusterCreateBody): Promise<ClusterCommanded> {
    const { store, caches, coverLocation, randomness } = this.#options;
    const group = await store.get<GroupDocument>(groupKey(place.resourceGroup));
    if (group === undefined || group.value.removal !== null) throw groupGoing(place.resourceGroup);
    const cluster = newCluster({ ...place, clusterId: randomness.uuid(), resourceGroup: group.value.name }, asked);
    if (await store.get(clusterKey(place.name))) throw nameTaken(place.name);
    if (await caches.find(place.name)) throw nameTaken(place.name);
    const { caches: all, open } = await caches.scaleFacts();
    placeNodes({ cacheId: "" as CacheId, ...newDatabase(cluster, {}, "") }, all, open);
    await coverLocation(cluster.location);
    const operation = this.#newOperation("create", cluster, { hasEnded: true });
    const free = [
      { key: cacheKey(place.name), revision: 0 },
      { key: group.key, revision: group.revision },
    ];
    const stored = await this.#write({ key: clusterKey(place.name), revision: 0 }, cluster, operation, free);
    return { stored, database: undefined, operationId: operation.operationId, created: true };
  }

  async #change({ stored, database }: Cluster, asked: ClusterAsked): Promise<ClusterCommanded> {
    const { value: cluster } = stored;
    if (cluster.removal !== null) throw going(cluster);
    const next = changedCluster(cluster, asked);
    const isRepeated = !sameText(repeatedOf(cluster), repeatedOf(next));
    if (database === undefined || !isRepeated) {
      const operation = this.#newOperation("update", cluster, { hasEnded: true });
      // A database that is made meanwhile would repeat what the cluster was.
      const unchanged = database === undefined ? [{ key: cacheKey(cluster.name), revision: 0 }] : [];
      const changed = await this.#write(stored, next, operation, unchanged);
      return { stored: changed, database, operationId: operation.operationId, created: false };
    }
    const along: Along = { require: [stored], put: [{ key: stored.key, value: next }] };
    const { acceptEviction } = asked.properties?.larder ?? {};
    const decide = (cache: CacheDocument) => changedDatabase(next, {}, cache);
    const commanded = await this.#options.caches.change(database.value, decide, { acceptEviction, along });
    const { revision } = commanded.stored;
    const { operationId } = commanded;
    return { stored: { ...stored, value: next, revision }, database: commanded.stored, operationId, created: false };
  }

  async #write(
    at: { key: string; revision: number },
    cluster: ClusterDocument,
    operation: OperationDocument,
    unchanged: { key: string; revision: number }[] = [],
  ): Promise<StoredDocument<ClusterDocument>> {
    const { key, revision } = at;
    const outcome = await this.#options.store.transact({
      require: [{ key, revision }, ...unchanged],
      put: [
        { key, value: cluster },
        { key: operationKey(operation.operationId), value: operation },
      ],
    });
    if (outcome.committed) return { key, value: cluster, revision: outcome.revision };
    throw new LarderError("Conflict", `'${cluster.name}' was changed at the same moment; try again.`);
  }

  async #operation(operationId: string): Promise<OperationDocument | undefined> {
    return (await this.#options.store.get<OperationDocument>(operationKey(operationId)))?.value;
  }

  #newOperation(
    kind: "create" | "update" | "delete",
    { subscription, location }: ClusterDocument,
    { hasEnded }: { hasEnded: boolean },
  ): OperationDocument {
    const { clock, randomness } = this.#options;
    const startMs = clock.nowMs();
    const endMs = hasEnded ? startMs : null;
    return { operationId: randomness.uuid(), kind, subscription, location, startMs, endMs, error: null };
  }
}

export function going({ name }: ClusterDocument): LarderError {
  return new LarderError("Conflict", `The cluster '${name}' is being deleted.`);
}

/** What the database repeats. */
function repeatedOf(cluster: ClusterDocument): unknown {
  const { sku, highAvailability, publicNetworkAccess, maintenanceWindows } = cluster;
  return [sku, highAvailability, publicNetworkAccess ?? "Enabled", maintenanceWindows];
}

function sameText(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Locations compare without spaces and case. */
function simplified(location: string): string {
  return location.replaceAll(" ", "").toLowerCase();
}
