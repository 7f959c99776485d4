/**
 * Deletes clusters: the database of one that is to go, as soon as that is free of other changes, and then the cluster. It keeps no
 * state: the cluster's document says that it is to go.
 */
import type { Clock, Log, Randomness } from "@larder/service";
import type { CacheDocument } from "../documents/cache-document.ts";
import { cacheKey, cachesPrefix, clusterKey, clustersPrefix, operationKey } from "../documents/document-keys.ts";
import type { ClusterDocument } from "../documents/enterprise-document.ts";
import type { OperationDocument } from "../documents/operation-document.ts";
import { SerialQueue } from "../reconcile/serial-queue.ts";
import type { Store, StoredDocument } from "../store/store.ts";

export interface ClusterRemoverOptions {
  store: Store;
  /** Begins the removal of a cache; does nothing where that is not possible now. */
  removeCache(name: string): Promise<void>;
  clock: Clock;
  randomness: Randomness;
  log: Log;
}

export class ClusterRemover {
  readonly #options: ClusterRemoverOptions;
  readonly #stopping = new AbortController();
  readonly #queue: SerialQueue;
  readonly #removing = new Set<string>();
  #following: Promise<void>[] = [];

  constructor(options: ClusterRemoverOptions) {
    this.#options = options;
    this.#queue = new SerialQueue((name) => this.#advance(name), { ...options, signal: this.#stopping.signal });
  }

  async start(): Promise<void> {
    const { revision, documents } = await this.#options.store.list<ClusterDocument>(clustersPrefix);
    for (const { value } of documents) this.#consider(value);
    this.#following = [this.#followClusters(revision), this.#followCaches(revision)];
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#following);
    await this.#queue.idle();
  }

  async #followClusters(fromRevision: number): Promise<void> {
    for await (const changes of this.#options.store.watch(clustersPrefix, fromRevision, this.#stopping.signal))
      for (const { value } of changes) if (value !== undefined) this.#consider(value as ClusterDocument);
  }

  async #followCaches(fromRevision: number): Promise<void> {
    for await (const changes of this.#options.store.watch(cachesPrefix, fromRevision, this.#stopping.signal))
      for (const { key } of changes) {
        const name = key.slice(cachesPrefix.length);
        if (this.#removing.has(name)) this.#queue.mark(name);
      }
  }

  #consider({ name, removal }: ClusterDocument): void {
    if (removal === null) return;
    this.#removing.add(name.toLowerCase());
    this.#queue.mark(name.toLowerCase());
  }

  async #advance(name: string): Promise<void> {
    const { store, removeCache } = this.#options;
    const cluster = await store.get<ClusterDocument>(clusterKey(name));
    if (cluster === undefined || cluster.value.removal === null) {
      this.#removing.delete(name);
      return;
    }
    const database = await store.get<CacheDocument>(cacheKey(name));
    if (database === undefined) return this.#delete(cluster, cluster.value.removal.operationId);
    if (database.value.removal === null && database.value.change === null) await removeCache(name);
  }

  async #delete({ key, revision }: StoredDocument<ClusterDocument>, operationId: string): Promise<void> {
    const { store, clock } = this.#options;
    const at = operationKey(operationId);
    const operation = await store.get<OperationDocument>(at);
    const put = operation === undefined ? [] : [{ key: at, value: { ...operation.value, endMs: clock.nowMs() } }];
    await store.transact({ require: [{ key, revision }], put, delete: [key] });
  }
}
