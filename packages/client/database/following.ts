/**
 * One time of following: from the taking of the seat until the feed, the seat or the follower ends. Not what comes after (follower.ts).
 *
 * A position is acknowledged only after everything before it was invalidated in the server.
 */
import type { Clock } from "../clock.ts";
import type { FollowListeners } from "./events.ts";
import type { FollowedCache } from "./followed-cache.ts";
import { everything, Invalidator } from "./invalidator.ts";
import { InvalidationPlanner, type TableMappings } from "./mapping.ts";
import type { FollowMetrics } from "./metrics.ts";
import type { Seat } from "./position.ts";
import {
  type ChangeBatch,
  type ChangeSource,
  type FeedItem,
  type OpenFeed,
  SourceBusy,
  type Waiting,
} from "./source.ts";

export interface FollowingOptions {
  source: ChangeSource;
  cache: FollowedCache;
  map: TableMappings;
  seat: Seat | undefined;
  changesMax: number;
  keepEveryMs: number;
  clock: Clock;
  listeners: FollowListeners;
  metrics: FollowMetrics;
}

export class Following {
  readonly #options: FollowingOptions;
  readonly #planner: InvalidationPlanner;
  readonly #end = new AbortController();
  readonly #invalidator: Invalidator;
  #feed: OpenFeed | undefined;
  #inHand: ChangeBatch | undefined;
  /** The last that was acknowledged and is not written yet, where the seat keeps it. */
  #unwritten: string | null = null;
  #lostSeat: Error | undefined;

  constructor(options: FollowingOptions) {
    this.#options = options;
    this.#planner = new InvalidationPlanner(options.map, options.changesMax);
    const { cache, clock, listeners } = options;
    this.#invalidator = new Invalidator({ cache, clock, listeners, signal: this.#end.signal });
  }

  get hasBegun(): boolean {
    return this.#feed !== undefined;
  }

  /** What has arrived and is not invalidated. */
  get open(): Waiting {
    const waiting = this.#feed?.waiting() ?? { changes: 0, sinceMs: undefined };
    if (this.#inHand === undefined) return waiting;
    return { changes: waiting.changes + this.#inHand.changes.length, sinceMs: this.#inHand.committedMs };
  }

  /** Resolves once the signal has ended it; rejects with what else did: SourceBusy when another follows. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.#end.abort();
    signal.addEventListener("abort", stop);
    let keeping: Promise<void> | undefined;
    try {
      const position = await this.#takeSeat();
      const { source, map, clock, listeners } = this.#options;
      const tables = Object.keys(map);
      this.#feed = await source.open({ position, tables, signal: this.#end.signal, clock });
      keeping = this.#keepSeat();
      listeners.tell({ type: "following" });
      for await (const item of this.#feed.items) await this.#take(item, this.#feed);
      if (this.#lostSeat !== undefined) throw this.#lostSeat;
    } finally {
      this.#end.abort();
      signal.removeEventListener("abort", stop);
      await keeping;
    }
  }

  async #takeSeat(): Promise<string | null> {
    const { seat } = this.#options;
    if (seat === undefined) return null;
    const taken = await seat.take();
    if (taken === null) throw new SourceBusy("Another process follows.");
    return taken.position;
  }

  async #take(item: FeedItem, feed: OpenFeed): Promise<void> {
    if (item.kind === "changes") await this.#takeChanges(item);
    // The end of a transaction whose last part was full comes as this.
    if (item.kind === "progress") this.#planner.plan([], true);
    if (item.kind === "anew") {
      await this.#invalidator.apply(everything);
      if (!this.#end.signal.aborted) this.#options.listeners.tell({ type: "cleared", why: item.why });
    }
    const { position } = item;
    if (position !== null)
      this.#invalidator.acknowledge(() => {
        feed.acknowledge(position);
        this.#unwritten = position;
      });
  }

  async #takeChanges(batch: ChangeBatch): Promise<void> {
    const { clock, listeners, metrics } = this.#options;
    this.#inHand = batch;
    const { troubles, ...plan } = this.#planner.plan(batch.changes, batch.position !== null);
    for (const trouble of troubles) listeners.tell({ type: "trouble", what: "mapping", ...trouble });
    await this.#invalidator.apply(plan);
    this.#inHand = undefined;
    if (this.#end.signal.aborted) return;
    if (batch.isEarly === true) this.#invalidator.repeat(plan);
    const lagMs = Math.max(0, clock.monotonicMs() - batch.committedMs);
    metrics.invalidated(batch.changes.length, lagMs);
    listeners.tell({
      type: "invalidated",
      changes: batch.changes.length,
      keys: plan.keys.length,
      tags: plan.tags.length,
      everything: plan.everything,
      lagMs,
    });
  }

  /** Renews the lease and writes the position, until the end; ends everything when another has the seat. */
  async #keepSeat(): Promise<void> {
    const { seat, clock, keepEveryMs } = this.#options;
    if (seat === undefined) return;
    while (!this.#end.signal.aborted) {
      await clock.sleep(keepEveryMs, this.#end.signal);
      if (await this.#keepSeatOnce(seat)) continue;
      this.#lostSeat = new SourceBusy("Another process follows.");
      this.#end.abort();
    }
  }

  async #keepSeatOnce(seat: Seat): Promise<boolean> {
    const position = this.#unwritten;
    try {
      const isMine = await seat.keep(position);
      if (this.#unwritten === position) this.#unwritten = null;
      return isMine;
    } catch (error) {
      // Without the cache server there is nothing to invalidate, and nobody who could take the seat either.
      this.#options.listeners.tell({ type: "trouble", what: "position", error });
      return true;
    }
  }
}
