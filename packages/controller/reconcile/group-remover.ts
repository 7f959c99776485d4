/**
 * Deletes resource groups: removes the private endpoints of a group that is to go, every cache and cluster of it, as each becomes free
 * of other changes, and the group itself once none is left. It keeps no state: the group's document says that it is to go.
 */
import type { Clock, Log, Randomness } from "@larder/service";
import type { CacheDocument } from "../documents/cache-document.ts";
import { cachesPrefix, clustersPrefix, groupKey, groupsPrefix, operationKey } from "../documents/document-keys.ts";
import type { ClusterDocument } from "../documents/enterprise-document.ts";
import type { GroupDocument } from "../documents/group-document.ts";
import type { OperationDocument } from "../documents/operation-document.ts";
import type { Store } from "../store/store.ts";
import { SerialQueue } from "./serial-queue.ts";

export interface GroupRemoverOptions {
  store: Store;
  /** Begins the removal of a cache; does nothing where that is not possible now. */
  removeCache(name: string): Promise<void>;
  /** Likewise, of a cluster with its database. */
  removeCluster(name: string): Promise<void>;
  /** Removes the private endpoints of a group. */
  removeEndpoints(resourceGroup: string): Promise<void>;
  clock: Clock;
  randomness: Randomness;
  log: Log;
}

export class GroupRemover {
  readonly #options: GroupRemoverOptions;
  readonly #stopping = new AbortController();
  readonly #queue: SerialQueue;
  readonly #removing = new Set<string>();
  #following: Promise<void>[] = [];

  constructor(options: GroupRemoverOptions) {
    this.#options = options;
    this.#queue = new SerialQueue((name) => this.#advance(name), { ...options, signal: this.#stopping.signal });
  }

  async start(): Promise<void> {
    const { revision, documents } = await this.#options.store.list<GroupDocument>(groupsPrefix);
    for (const { value } of documents) this.#consider(value);
    this.#following = [
      this.#followGroups(revision),
      this.#follow(cachesPrefix, revision),
      this.#follow(clustersPrefix, revision),
    ];
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#following);
    await this.#queue.idle();
  }

  async #followGroups(fromRevision: number): Promise<void> {
    for await (const changes of this.#options.store.watch(groupsPrefix, fromRevision, this.#stopping.signal))
      for (const change of changes) if (change.value !== undefined) this.#consider(change.value as GroupDocument);
  }

  async #follow(prefix: string, fromRevision: number): Promise<void> {
    for await (const _ of this.#options.store.watch(prefix, fromRevision, this.#stopping.signal))
      for (const name of this.#removing) this.#queue.mark(name);
  }

  #consider(group: GroupDocument): void {
    if (group.removal === null) return;
    this.#removing.add(group.name);
    this.#queue.mark(group.name);
  }

  async #advance(name: string): Promise<void> {
    const { store, removeCache, removeCluster, removeEndpoints } = this.#options;
    const group = await store.get<GroupDocument>(groupKey(name));
    if (group === undefined || group.value.removal === null) {
      this.#removing.delete(name);
      return;
    }
    await removeEndpoints(name);
    const isInGroup = ({ value }: { value: { resourceGroup: string } }) =>
      value.resourceGroup.toLowerCase() === name.toLowerCase();
    const clusters = (await store.list<ClusterDocument>(clustersPrefix)).documents.filter(isInGroup);
    for (const { value } of clusters) if (value.removal === null) await removeCluster(value.name);
    const caches = (await store.list<CacheDocument>(cachesPrefix)).documents.filter(isInGroup);
    for (const { value } of caches) if (value.removal === null && value.change === null) await removeCache(value.name);
    if (caches.length + clusters.length === 0) await this.#delete(group, group.value.removal.operationId);
  }

  async #delete(group: { key: string; revision: number }, operationId: string): Promise<void> {
    const { store, clock } = this.#options;
    const key = operationKey(operationId);
    const operation = await store.get<OperationDocument>(key);
    const ended = operation === undefined ? [] : [{ key, value: { ...operation.value, endMs: clock.nowMs() } }];
    await store.transact({ require: [{ key: group.key, revision: group.revision }], put: ended, delete: [group.key] });
  }
}
