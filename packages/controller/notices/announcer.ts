/**
 * Publishes notices of maintenance on the channel of the cache that they are about, through the agent of its primary. Best
 * effort: nothing waits for a notice, none is repeated, and one that cannot be published is only logged.
 *
 * What is said when a move is over waits until that is so everywhere: until then gateways may listen to another node, and the
 * primary may hold writes, of which a message is one.
 */
import type { CacheId, EngineVersion } from "@larder/api";
import type { Clock, Log } from "@larder/service";
import { type CacheDocument, openPorts } from "../documents/cache-document.ts";
import type { Orders } from "../orders/orders.ts";
import type { Observations } from "../reconcile/observations.ts";
import { observeCache } from "../reconcile/observe.ts";
import type { CacheAction } from "../reconcile/plan/plan-cache.ts";
import { servingPrimary } from "../reconcile/plan/serving.ts";
import type { Published } from "../reconcile/published.ts";
import type { StoredDocument } from "../store/store.ts";
import { encodeNotice, type MaintenanceNotice, noticeChannel } from "./maintenance-notice.ts";
import { noticesOf, scheduledNotice } from "./planned-notices.ts";

export interface AnnouncerOptions {
  observations: Observations;
  published: Published;
  orders: Orders;
  clock: Clock;
  log: Log;
}

const publishTimeoutMs = 1_000;
/** How long that may take before it is said all the same. */
const calmWaitMs = 2_000;

export class Announcer {
  readonly #options: AnnouncerOptions;
  /** What is still to be said of a cache: one after the other. */
  readonly #saying = new Map<CacheId, Promise<void>>();
  /** Windows that were announced and have not begun. A controller that comes back may announce one again. */
  readonly #scheduled = new Map<CacheId, number>();

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  /** An action was committed: `before` became `after`. */
  committed(before: CacheDocument, action: CacheAction, after: StoredDocument<CacheDocument>): void {
    const notices = noticesOf(before, action, this.#options.clock.nowMs());
    if (notices.length === 0) return;
    this.#inTurn(after.value.cacheId, async () => {
      if (action.type !== "beginMove") await this.#calm(after);
      await this.#publish(after.value, notices);
    });
  }

  /** Says of an update that its window opens soon, once. */
  lookAhead(cache: CacheDocument, engine: EngineVersion | null): void {
    const nowMs = this.#options.clock.nowMs();
    const notice = scheduledNotice(cache, engine, nowMs);
    if (notice?.startMs == null || this.#scheduled.get(cache.cacheId) === notice.startMs) return;
    for (const [cacheId, startMs] of this.#scheduled) if (startMs <= nowMs) this.#scheduled.delete(cacheId);
    this.#scheduled.set(cache.cacheId, notice.startMs);
    this.#inTurn(cache.cacheId, () => this.#publish(cache, [notice]));
  }

  #inTurn(cacheId: CacheId, say: () => Promise<void>): void {
    const said: Promise<void> = (this.#saying.get(cacheId) ?? Promise.resolve()).then(say).then(() => {
      if (this.#saying.get(cacheId) === said) this.#saying.delete(cacheId);
    });
    this.#saying.set(cacheId, said);
  }

  async #calm(after: StoredDocument<CacheDocument>): Promise<void> {
    const { observations, clock } = this.#options;
    const enough = new AbortController();
    void clock.sleep(calmWaitMs, enough.signal).then(() => enough.abort());
    while (!this.#isCalm(after) && !enough.signal.aborted) await observations.nextChange(enough.signal);
    enough.abort();
  }

  /** Gateways are with the primary, and it knows that it leads. */
  #isCalm(after: StoredDocument<CacheDocument>): boolean {
    const { observations, published } = this.#options;
    const seen = observeCache(after, observations, published);
    const primary = servingPrimary(after.value, seen);
    return seen.gateways.every((one) => one.acknowledged) && primary?.replication.holdsWrites === false;
  }

  /** In their order, which one connection to one engine keeps. Never rejects. */
  async #publish(cache: CacheDocument, notices: readonly MaintenanceNotice[]): Promise<void> {
    const { orders, log } = this.#options;
    const primary = this.#primaryOf(cache);
    const results = notices.map(async (notice) => {
      if (primary === undefined) throw new Error("The cache has no primary.");
      const { hostId, ...life } = primary;
      const message = this.#encode(cache, notice);
      const order = { ...life, kind: "publish", channel: noticeChannel, message } as const;
      const { error } = await orders.give(hostId, order, publishTimeoutMs);
      if (error !== null) throw new Error(error.message);
    });
    for (const result of await Promise.allSettled(results))
      if (result.status === "rejected")
        log.info({ cacheId: cache.cacheId, reason: (result.reason as Error).message }, "notice not published");
  }

  #encode(cache: CacheDocument, notice: MaintenanceNotice): string {
    const { tls, plain } = openPorts(cache);
    const address = this.#options.observations.lastReport(notice.hostId)?.report.address;
    return encodeNotice(notice, { address, tlsPort: tls?.port ?? null, plainPort: plain?.port ?? null });
  }

  /** Whoever leads by the document, in the life that the document or, for a node alone, its agent names. */
  #primaryOf({ nodes, leader }: CacheDocument) {
    const node = leader === null ? nodes[0] : nodes.find(({ nodeId }) => nodeId === leader.nodeId);
    if (node === undefined) return undefined;
    const runId = leader?.runId ?? this.#options.observations.node(node).node?.runId;
    return runId == null ? undefined : { hostId: node.hostId, nodeId: node.nodeId, runId };
  }
}
