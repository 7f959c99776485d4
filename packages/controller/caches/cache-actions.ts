/**
 * What operators do to a cache besides changing its settings: reboot, switchover, flush, patch schedule, updates of the
 * engine. Each is one transaction that says what is to happen (action-rules.ts), but for a flush, which is ordered at once.
 *
 * An action that was overtaken by another change of the cache is looked at anew.
 */
import {
  type AgentAnswer,
  type ErrorCode,
  errorTable,
  LarderError,
  type RebootType,
  type ScheduleEntry,
} from "@larder/api";
import type { Clock, Randomness } from "@larder/service";
import type { CacheDocument } from "../documents/cache-document.ts";
import { type EventNote, noteEvent } from "../documents/cache-events.ts";
import { operationKey } from "../documents/document-keys.ts";
import type { OperationDocument } from "../documents/operation-document.ts";
import { type Orders, OrderUnanswered } from "../orders/orders.ts";
import type { Observations } from "../reconcile/observations.ts";
import type { Store, StoredDocument, Transaction } from "../store/store.ts";
import { flushTarget, rebooted, switchedOver, type UpdateAction, updateAsked } from "./action-rules.ts";
import { type CacheLives, hasSuccessor, type Life } from "./cache-lives.ts";
import type { Caches, Place } from "./caches.ts";

export interface CacheActionsOptions {
  store: Store;
  caches: Caches;
  observations: Observations;
  orders: Orders;
  clock: Clock;
  randomness: Randomness;
}

/** What an action makes of a cache. */
export interface Changed {
  cache: CacheDocument;
  note?: EventNote;
  /** To be stored, too. */
  operation?: OperationDocument;
  /** To be written in the same transaction, on the same conditions. */
  beside?: Transaction;
}

const flushTimeoutMs = 10_000;
const successorWaitMs = 2_000;
/** So often is an action looked at anew that others overtake. */
const attemptsMax = 5;

export class CacheActions {
  readonly #options: CacheActionsOptions;

  constructor(options: CacheActionsOptions) {
    this.#options = options;
  }

  async reboot(place: Place, type: RebootType): Promise<void> {
    if (type === "PrimaryNode") await this.#successorReady(place);
    await this.change(place, (cache) => rebooted(cache, this.lives(cache), type));
  }

  async switchOver(place: Place): Promise<void> {
    await this.#successorReady(place);
    await this.change(place, (cache) => ({ cache: switchedOver(cache, this.lives(cache)) }));
  }

  /** An empty list: engines may be updated at any time. */
  setSchedule(place: Place, patchSchedule: ScheduleEntry[]): Promise<StoredDocument<CacheDocument>> {
    return this.change(place, (cache) => ({ cache: { ...cache, patchSchedule } }));
  }

  askUpdate(
    place: Place,
    action: UpdateAction,
    isPending: (cache: CacheDocument) => boolean,
  ): Promise<StoredDocument<CacheDocument>> {
    return this.change(place, (cache) => ({ cache: updateAsked(cache, action, isPending(cache)) }));
  }

  /** Removes all keys. Returns an operation, which has ended. Throws OutcomeUnknown where nobody knows whether it was done. */
  async flush(place: Place): Promise<OperationDocument> {
    const { caches, clock, randomness } = this.#options;
    const { value: cache } = await caches.require(place);
    const startMs = clock.nowMs();
    await this.#orderFlush(flushTarget(cache, this.lives(cache)));
    const endMs = clock.nowMs();
    const { subscription, location } = cache;
    const operationId = randomness.uuid();
    const operation = { operationId, kind: "flush" as const, subscription, location, startMs, endMs, error: null };
    const note = { kind: "flush", cause: "asked for", text: "All keys were removed" } as const;
    const durationMs = endMs - startMs;
    await this.change(place, (now) => ({ cache: now, note: { ...note, durationMs, holdMs: null }, operation }));
    return operation;
  }

  lives(cache: CacheDocument): CacheLives {
    return new Map(
      cache.nodes.flatMap((at) => {
        const { connected, node } = this.#options.observations.node(at);
        return connected && node?.state === "running" ? [[node.nodeId, node] as const] : [];
      }),
    );
  }

  /** Just after a change of the primary, the old one needs a moment to follow: that is waited for. */
  async #successorReady(place: Place): Promise<void> {
    const { caches, observations, clock } = this.#options;
    const { value: cache } = await caches.require(place);
    const enough = new AbortController();
    void clock.sleep(successorWaitMs, enough.signal).then(() => enough.abort());
    const isWaitedFor = () => cache.nodes.length > 1 && !hasSuccessor(cache, this.lives(cache));
    while (isWaitedFor() && !enough.signal.aborted) await observations.nextChange(enough.signal);
    enough.abort();
  }

  async #orderFlush({ node, runId }: Life): Promise<void> {
    const { nodeId, hostId } = node;
    let answer: AgentAnswer;
    try {
      answer = await this.#options.orders.give(hostId, { nodeId, runId, kind: "flush" }, flushTimeoutMs);
    } catch (error) {
      if (!(error instanceof OrderUnanswered)) throw error;
      throw error.wasSaid ? unknownFlush(error.message) : new LarderError("ServiceUnavailable", error.message);
    }
    if (answer.error === null) return;
    const { code, message } = answer.error;
    if (code === "OutcomeUnknown") throw unknownFlush(message);
    throw new LarderError(
      code in errorTable ? (code as ErrorCode) : "InternalError",
      `Nothing was flushed: ${message}`,
    );
  }

  /**
   * One transaction, decided anew where another change of the cache came before it. What `decide` throws is thrown; null leaves the cache
   * as it is.
   */
  async change(place: Place, decide: (cache: CacheDocument) => Changed | null): Promise<StoredDocument<CacheDocument>> {
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      const stored = await this.#options.caches.require(place);
      const changed = decide(stored.value);
      if (changed === null) return stored;
      const { transaction, cache } = this.#transaction(stored, changed);
      const outcome = await this.#options.store.transact(transaction);
      if (outcome.committed) return { key: stored.key, value: cache, revision: outcome.revision };
    }
    throw new LarderError("Conflict", `'${place.name}' was changed at the same moment; try again.`);
  }

  #transaction(
    { key, revision }: StoredDocument<CacheDocument>,
    { cache, note, operation, beside = {} }: Changed,
  ): { transaction: Transaction; cache: CacheDocument } {
    const noted = note && noteEvent(cache, note, this.#options.clock.nowMs());
    const next = noted?.cache ?? cache;
    const put: NonNullable<Transaction["put"]> = [{ key, value: next }];
    if (noted !== undefined) put.push(noted.put);
    if (operation !== undefined) put.push({ key: operationKey(operation.operationId), value: operation });
    const transaction = {
      require: [{ key, revision }, ...(beside.require ?? [])],
      put: [...put, ...(beside.put ?? [])],
      delete: beside.delete ?? [],
    };
    return { transaction, cache: next };
  }
}

function unknownFlush(why: string): LarderError {
  return new LarderError(
    "OutcomeUnknown",
    `It is not known whether the cache was flushed: ${why} See what it holds, and ask again.`,
  );
}
