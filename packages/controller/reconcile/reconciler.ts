/**
 * Brings every cache to what its document asks for: observe, plan, do the one action, and again when something changes.
 *
 * Level-triggered: a change of the store, of a report or of time only marks a cache; its task then looks at what is true
 * and needs no memory of why it was marked. Tasks of one cache never overlap. Actions are committed against the revision
 * that was planned from; where somebody else was faster, the cache is marked by that change and planned anew.
 */
import type { CacheId } from "@larder/api";
import type { Clock, Log, Randomness } from "@larder/service";
import type { AdmissionLock } from "../caches/admission-lock.ts";
import { freePort, portsTaken } from "../caches/own-ports.ts";
import type { CacheDocument } from "../documents/cache-document.ts";
import { cacheEventsPrefix, cacheKey, cachesPrefix, operationKey } from "../documents/document-keys.ts";
import type { OperationDocument } from "../documents/operation-document.ts";
import type { Store, StoredDocument, Transaction } from "../store/store.ts";
import type { Observations } from "./observations.ts";
import { observeCache } from "./observe.ts";
import { type Applied, applyAction } from "./plan/apply-action.ts";
import { type CacheAction, planCache } from "./plan/plan-cache.ts";
import type { Published } from "./published.ts";
import { SerialQueue } from "./serial-queue.ts";

export interface ReconcilerOptions {
  store: Store;
  observations: Observations;
  published: Published;
  admission: AdmissionLock;
  /** Ports of the service itself. */
  portsReserved: readonly number[];
  clock: Clock;
  randomness: Randomness;
  log: Log;
}

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #stopping = new AbortController();
  readonly #queue: SerialQueue;
  /** Lower-case names, by id; the queue's keys. */
  readonly #names = new Map<CacheId, string>();
  readonly #unsettled = new Set<string>();
  readonly #alarms = new Map<string, number>();
  #following: Promise<void> = Promise.resolve();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#queue = new SerialQueue((name) => this.#reconcile(name), { ...options, signal: this.#stopping.signal });
  }

  async start(): Promise<void> {
    const { store, observations, published } = this.#options;
    const listing = await store.list<CacheDocument>(cachesPrefix);
    await published.refresh();
    for (const { value } of listing.documents) this.#names.set(value.cacheId, value.name.toLowerCase());
    observations.listen({
      onNodes: (cacheIds) => this.#mark([...cacheIds].flatMap((cacheId) => this.#names.get(cacheId) ?? [])),
      onAgent: () => this.#mark(this.#names.values()),
      onProgress: () => this.#mark(this.#unsettled),
    });
    this.#following = this.#follow(listing.revision);
    this.#mark(this.#names.values());
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#following;
    await this.#queue.idle();
  }

  #mark(names: Iterable<string>): void {
    for (const name of [...names]) this.#queue.mark(name);
  }

  async #follow(fromRevision: number): Promise<void> {
    const { store, published, log } = this.#options;
    try {
      for await (const changes of store.watch(cachesPrefix, fromRevision, this.#stopping.signal)) {
        await published.refresh();
        for (const change of changes) {
          const name = change.key.slice(cachesPrefix.length);
          if (change.value !== undefined) this.#names.set((change.value as CacheDocument).cacheId, name);
          this.#queue.mark(name);
        }
      }
    } catch (error) {
      log.fatal({ err: error }, "the store cannot be followed");
      throw error;
    }
  }

  async #reconcile(name: string): Promise<void> {
    const { store, observations, published, clock } = this.#options;
    const stored = await store.get<CacheDocument>(cacheKey(name));
    if (stored === undefined) return this.#forget(name);
    if (published.tableRevisionFor(stored.value.cacheId, stored.revision) === undefined) return;
    const plan = planCache(stored.value, observeCache(stored, observations, published), clock.nowMs());
    if (plan.settled) this.#unsettled.delete(name);
    else this.#unsettled.add(name);
    if (plan.action !== null) await this.#commit(stored, plan.action);
    if (plan.lookAgainAtMs !== null) this.#lookAgain(name, plan.lookAgainAtMs);
  }

  async #commit(stored: StoredDocument<CacheDocument>, action: CacheAction): Promise<void> {
    const { store, admission, log } = this.#options;
    const cache = stored.value;
    const outcome =
      action.type === "movePort"
        ? await admission.exclusively(async () =>
            store.transact(await this.#transaction(stored, applyAction(cache, action, await this.#freePorts()))),
          )
        : await store.transact(await this.#transaction(stored, applyAction(cache, action)));
    if (outcome.committed) log.info({ cacheId: cache.cacheId, cache: cache.name, action: action.type }, "reconciled");
  }

  async #freePorts(): Promise<(after: number) => number> {
    const { documents } = await this.#options.store.list<CacheDocument>(cachesPrefix);
    const taken = portsTaken(
      documents.map((document) => document.value),
      this.#options.portsReserved,
    );
    return (after) => freePort(after + 1, taken);
  }

  async #transaction(stored: StoredDocument<CacheDocument>, applied: Applied): Promise<Transaction> {
    const operation = await this.#endedOperation(stored.value, applied);
    const put: { key: string; value: unknown }[] = operation === undefined ? [] : [operation];
    if (applied.cache !== undefined) put.push({ key: stored.key, value: applied.cache });
    return {
      require: [{ key: stored.key, revision: stored.revision }],
      put,
      delete: applied.cache === undefined ? [stored.key, ...(await this.#eventKeys(stored.value))] : [],
    };
  }

  async #eventKeys({ cacheId }: CacheDocument): Promise<string[]> {
    return (await this.#options.store.list(cacheEventsPrefix(cacheId))).documents.map(({ key }) => key);
  }

  async #endedOperation(
    cache: CacheDocument,
    applied: Applied,
  ): Promise<{ key: string; value: OperationDocument } | undefined> {
    if (applied.operationEnd === undefined || cache.change === null) return undefined;
    const key = operationKey(cache.change.operationId);
    const operation = await this.#options.store.get<OperationDocument>(key);
    if (operation === undefined) return undefined;
    return { key, value: { ...operation.value, ...applied.operationEnd, endMs: this.#options.clock.nowMs() } };
  }

  #forget(name: string): void {
    this.#unsettled.delete(name);
    for (const [cacheId, known] of this.#names) if (known === name) this.#names.delete(cacheId);
  }

  #lookAgain(name: string, atMs: number): void {
    if (this.#alarms.get(name) === atMs) return;
    this.#alarms.set(name, atMs);
    const { clock } = this.#options;
    void clock.sleep(Math.max(0, atMs - clock.nowMs()), this.#stopping.signal).then(() => {
      if (this.#alarms.get(name) === atMs) this.#alarms.delete(name);
      this.#queue.mark(name);
    });
  }
}
