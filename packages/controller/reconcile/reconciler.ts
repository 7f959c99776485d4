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
import { newNodeId } from "../caches/node-id.ts";
import { freePort, portsTaken } from "../caches/own-ports.ts";
import type { CacheDocument, Problem } from "../documents/cache-document.ts";
import { noteEvent } from "../documents/cache-events.ts";
import {
  cacheEventsPrefix,
  cacheIdOfTransferKey,
  cacheKey,
  cachesPrefix,
  cacheTransfersOverPrefix,
  cacheTransfersPrefix,
  operationKey,
  transfersPrefix,
} from "../documents/document-keys.ts";
import type { OperationDocument } from "../documents/operation-document.ts";
import { inOrder, type TransferDocument } from "../documents/transfer-document.ts";
import type { Hosts } from "../hosts/hosts.ts";
import type { Announcer } from "../notices/announcer.ts";
import type { Orders } from "../orders/orders.ts";
import type { Store, StoreChange, StoredDocument, Transaction } from "../store/store.ts";
import { transferWrites } from "../transfers/transfer-writes.ts";
import { handOver } from "./hand-over.ts";
import type { Observations } from "./observations.ts";
import { observeCache } from "./observe.ts";
import { type Applied, applyAction, type Circumstances } from "./plan/apply-action.ts";
import type { CacheObserved, Surroundings } from "./plan/observed.ts";
import { type CacheAction, type CachePlan, planCache } from "./plan/plan-cache.ts";
import type { Published } from "./published.ts";
import { SerialQueue } from "./serial-queue.ts";
import { surroundingsOf } from "./surroundings.ts";

export interface ReconcilerOptions {
  store: Store;
  observations: Observations;
  published: Published;
  admission: AdmissionLock;
  orders: Orders;
  hosts: Pick<Hosts, "draining" | "listen">;
  announcer: Pick<Announcer, "committed" | "lookAhead">;
  /** Ports of the service itself. */
  portsReserved: readonly number[];
  clock: Clock;
  randomness: Randomness;
  log: Log;
}

/** A cache as it was looked at, and what is to be done. */
interface Planned {
  stored: StoredDocument<CacheDocument>;
  /** Those under way. */
  transfers: readonly StoredDocument<TransferDocument>[];
  observed: CacheObserved;
  plan: CachePlan;
}

/** How often it is looked for hosts that are not heard any more. */
const leaseLookMs = 100;
/** How often every cache is looked at for what time alone brings. */
const allLookMs = 10_000;

export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #stopping = new AbortController();
  readonly #queue: SerialQueue;
  /** Lower-case names, by id; the queue's keys. */
  readonly #names = new Map<CacheId, string>();
  readonly #unsettled = new Set<string>();
  readonly #waiting = new Map<CacheId, Problem>();
  readonly #alarms = new Map<string, number>();
  #following: Promise<unknown> = Promise.resolve();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#queue = new SerialQueue((name) => this.#reconcile(name), { ...options, signal: this.#stopping.signal });
  }

  async start(): Promise<void> {
    const { store, observations, published, hosts } = this.#options;
    const listing = await store.list<CacheDocument>(cachesPrefix);
    await published.refresh();
    for (const { value } of listing.documents) this.#names.set(value.cacheId, value.name.toLowerCase());
    observations.listen({
      onNodes: (cacheIds) => this.#markIds(cacheIds),
      onTransfers: (ids) => this.#markIds([...ids].flatMap((id) => published.cacheOfTransfer(id) ?? [])),
      onAgent: () => this.#mark(this.#names.values()),
      onProgress: () => this.#mark(this.#unsettled),
    });
    hosts.listen({ onDraining: () => this.#mark(this.#names.values()) });
    this.#following = Promise.all([
      this.#follow(listing.revision),
      this.#followTransfers(listing.revision),
      this.#watchLeases(),
      this.#watchTime(),
    ]);
    this.#mark(this.#names.values());
  }

  /** Why a cache's nodes are not as they should be and nothing can be done about it now; null: they are, or it is being done. */
  waitsFor(cacheId: CacheId): Problem | null {
    return this.#waiting.get(cacheId) ?? null;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#following;
    await this.#queue.idle();
  }

  /** Nothing is said when a host falls silent. */
  async #watchLeases(): Promise<void> {
    const { observations, clock } = this.#options;
    let before = observations.connectedAgents();
    while (!this.#stopping.signal.aborted) {
      await clock.sleep(leaseLookMs, this.#stopping.signal);
      const now = observations.connectedAgents();
      if (now !== before) this.#mark(this.#names.values());
      before = now;
    }
  }

  /** Nothing is said when a window for updates opens, or when another cache's update is over and it is the next one's turn. */
  async #watchTime(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#stopping.signal.aborted) {
      await clock.sleep(allLookMs, this.#stopping.signal);
      this.#mark(this.#names.values());
    }
  }

  #mark(names: Iterable<string>): void {
    for (const name of [...names]) this.#queue.mark(name);
  }

  #markIds(cacheIds: Iterable<CacheId>): void {
    this.#mark([...cacheIds].flatMap((cacheId) => this.#names.get(cacheId) ?? []));
  }

  #follow(fromRevision: number): Promise<void> {
    return this.#eachChange(cachesPrefix, fromRevision, (change) => {
      const name = change.key.slice(cachesPrefix.length);
      if (change.value !== undefined) this.#names.set((change.value as CacheDocument).cacheId, name);
      this.#queue.mark(name);
    });
  }

  #followTransfers(fromRevision: number): Promise<void> {
    return this.#eachChange(transfersPrefix, fromRevision, ({ key }) => this.#markIds([cacheIdOfTransferKey(key)]));
  }

  async #eachChange(prefix: string, fromRevision: number, act: (change: StoreChange) => void): Promise<void> {
    const { store, published, log } = this.#options;
    try {
      for await (const changes of store.watch(prefix, fromRevision, this.#stopping.signal)) {
        await published.refresh();
        for (const change of changes) act(change);
      }
    } catch (error) {
      log.fatal({ err: error }, "the store cannot be followed");
      throw error;
    }
  }

  async #reconcile(name: string): Promise<void> {
    const planned = await this.#plan(name);
    if (planned === undefined) return;
    const { stored, plan, observed } = planned;
    this.#options.announcer.lookAhead(stored.value, observed.around.engine);
    if (plan.waitsFor === null) this.#waiting.delete(stored.value.cacheId);
    else this.#waiting.set(stored.value.cacheId, plan.waitsFor);
    if (plan.settled) this.#unsettled.delete(name);
    else this.#unsettled.add(name);
    if (plan.lookAgainAtMs !== null) this.#lookAgain(name, plan.lookAgainAtMs);
    if (plan.action === null) return;
    if (takesRoom(plan.action)) await this.#options.admission.exclusively(() => this.#commitAnew(name));
    else await this.#carryOut(planned, plan.action);
  }

  /** undefined: there is no such cache, or what it asks for is not published yet. */
  async #plan(name: string): Promise<Planned | undefined> {
    const { store, observations, published, clock } = this.#options;
    const stored = await store.get<CacheDocument>(cacheKey(name));
    if (stored === undefined) this.#forget(name);
    if (stored === undefined || published.tableRevisionFor(stored.value.cacheId, stored.revision) === undefined)
      return undefined;
    const { documents: transfers } = await store.list<TransferDocument>(cacheTransfersPrefix(stored.value.cacheId));
    const underWay = transfers.map(({ value }) => value).sort(inOrder);
    const seen = observeCache(stored, observations, published, underWay);
    const observed: CacheObserved = { ...seen, around: this.#around(stored.value) };
    return { stored, transfers, observed, plan: planCache(stored.value, observed, clock.nowMs()) };
  }

  #around(cache: CacheDocument): Surroundings {
    const { observations, published, hosts, clock } = this.#options;
    const hostsDraining = [...hosts.draining];
    const fleet = { caches: published.caches, reports: observations.agentReports(), hostsDraining };
    return surroundingsOf(cache, fleet, clock.nowMs());
  }

  /** Planned again from what all caches have now, while nobody else takes room or ports. */
  async #commitAnew(name: string): Promise<void> {
    await this.#options.published.refresh();
    const planned = await this.#plan(name);
    if (planned?.plan.action != null) await this.#carryOut(planned, planned.plan.action);
  }

  async #carryOut(planned: Planned, action: CacheAction): Promise<void> {
    const { store, orders, log, announcer } = this.#options;
    const { stored } = planned;
    const cache = stored.value;
    const problem = action.type === "handOver" ? await handOver(action, orders) : undefined;
    const done: CacheAction = problem === undefined ? action : { type: "callOff", reason: problem };
    const applied = applyAction(cache, done, this.#circumstances(planned));
    const outcome = await store.transact(await this.#transaction(planned, applied));
    if (!outcome.committed) return;
    log.info({ cacheId: cache.cacheId, cache: cache.name, action: done.type, problem }, "reconciled");
    if (applied.cache !== undefined)
      announcer.committed(cache, done, { ...stored, value: applied.cache, revision: outcome.revision });
  }

  #circumstances({ observed }: Planned): Circumstances {
    const { published, portsReserved, randomness, clock } = this.#options;
    return {
      nowMs: clock.nowMs(),
      newNodeId: ({ name }) => newNodeId(name, randomness),
      freePortAfter: (port) => freePort(port + 1, portsTaken(published.caches, portsReserved)),
      progressOf: (transfer) => observed.transfers.find(({ document }) => document === transfer)?.seen ?? null,
    };
  }

  async #transaction({ stored, transfers }: Planned, applied: Applied): Promise<Transaction> {
    const operation = await this.#endedOperation(stored.value, applied);
    const put: { key: string; value: unknown }[] = operation === undefined ? [] : [operation];
    const { cache, event, transfer } = applied;
    const noted = cache && event && noteEvent(cache, event, this.#options.clock.nowMs());
    if (cache !== undefined) put.push({ key: stored.key, value: noted?.cache ?? cache });
    if (noted !== undefined) put.push(noted.put);
    const revision = transfers.find(({ value }) => value.transferId === transfer?.transferId)?.revision ?? 0;
    const moved = transfer && (await transferWrites(this.#options.store, { transfer, revision }));
    const gone = cache === undefined ? [stored.key, ...(await this.#historyKeys(stored.value))] : [];
    return {
      require: [{ key: stored.key, revision: stored.revision }, ...(moved?.require ?? [])],
      put: [...put, ...(moved?.put ?? [])],
      delete: [...gone, ...(moved?.delete ?? [])],
    };
  }

  /** What goes with a cache. */
  async #historyKeys({ cacheId }: CacheDocument): Promise<string[]> {
    const { store } = this.#options;
    const listings = [cacheEventsPrefix(cacheId), cacheTransfersOverPrefix(cacheId)].map((prefix) =>
      store.list(prefix),
    );
    return (await Promise.all(listings)).flatMap(({ documents }) => documents.map(({ key }) => key));
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
    for (const [cacheId, known] of this.#names) {
      if (known !== name) continue;
      this.#names.delete(cacheId);
      this.#waiting.delete(cacheId);
    }
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

/** What one cache gets of these, another cannot have. */
function takesRoom({ type }: CacheAction): boolean {
  return type === "addNode" || type === "addIntake" || type === "resizeNode" || type === "movePort";
}
