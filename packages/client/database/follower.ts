/**
 * Follows a database's changes and takes out of a cache what they make stale. Neither the driver of a database nor its log are known here.
 *
 *   stopped ──start──▶ opening ──▶ following ──lost──▶ waiting ──▶ opening
 *                         └──another follows──▶ standing by ──▶ opening
 *
 * Each change is invalidated at least once, whatever fails and restarts in between. Where that cannot be had (no position
 * is known, or it is gone), everything is cleared.
 */
import { type Clock, systemClock } from "../clock.ts";
import { withResolvers } from "../promise.ts";
import { type FollowListener, FollowListeners } from "./events.ts";
import type { FollowedCache } from "./followed-cache.ts";
import { Following } from "./following.ts";
import type { TableMappings } from "./mapping.ts";
import { FollowMetrics } from "./metrics.ts";
import type { Seat } from "./position.ts";
import { type ChangeSource, DatabaseRefused, SourceBusy } from "./source.ts";

export const followLimits = {
  /** More changes of one table in one transaction go as the table's fallback, as a whole. */
  changesMax: 1_000,
  /** The pause before a database that was lost is tried again doubles from the first to the second. */
  reconnectMsMin: 50,
  reconnectMsMax: 5_000,
  /** How often one that stands by looks whether it may follow. */
  standByMs: 1_000,
  /** How often the seat is renewed and the position written, where the cache server keeps them. */
  keepEveryMs: 1_000,
} as const;

export interface FollowOptions {
  source: ChangeSource;
  cache: FollowedCache;
  /** What a change of each table means. Tables that are not named are not followed. */
  map: TableMappings;
  /** `positionIn(...)`: for a source that does not keep its position itself. */
  position?: Seat;
  /** See `followLimits.changesMax`. */
  changesMax?: number;
  clock?: Clock;
}

export interface Lag {
  /**
   * 0 when everything that arrived is invalidated; else how long ago the oldest change that is not was committed, or, while nothing
   * can arrive or another process follows, how long that has been so.
   */
  ms: number;
  /** How many changes have arrived and are not invalidated. */
  changes: number;
}

/** Throws a TypeError for a map without tables, or a position that is missing or not needed. Nothing happens before `start`. */
export function followDatabase(options: FollowOptions): Follower {
  return new Follower(options);
}

export class Follower {
  readonly #options: FollowOptions;
  readonly #clock: Clock;
  readonly #listeners = new FollowListeners();
  readonly #metrics: FollowMetrics;
  #running: { stop: AbortController; ended: Promise<void> } | undefined;
  #following: Following | undefined;
  #cutOffSinceMs: number;
  #isStandingBy = false;

  constructor(options: FollowOptions) {
    checkOptions(options);
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#cutOffSinceMs = this.#clock.monotonicMs();
    this.#metrics = new FollowMetrics(options.source.system, () => this.lag());
  }

  /**
   * Resolves once it follows, stands by, or has failed for the first time for a reason that may pass; it goes on trying until `stop`.
   * Rejects with DatabaseRefused, and is stopped, where a person has to mend something.
   */
  start(): Promise<void> {
    if (this.#running !== undefined) return Promise.reject(new TypeError("It was started already."));
    const stop = new AbortController();
    const { promise, resolve, reject } = withResolvers();
    const ended = this.#run(stop.signal, resolve).then(resolve, reject);
    this.#running = { stop, ended };
    return promise;
  }

  /** Resolves once nothing of it runs any more. What changes from now on is invalidated after the next start. */
  async stop(): Promise<void> {
    this.#running?.stop.abort();
    await this.#running?.ended;
  }

  lag(): Lag {
    const { changes, sinceMs } = this.#following?.open ?? { changes: 0, sinceMs: undefined };
    const since = sinceMs ?? (this.#following?.hasBegun === true ? undefined : this.#cutOffSinceMs);
    return { ms: since === undefined ? 0 : Math.max(0, this.#clock.monotonicMs() - since), changes };
  }

  /** Returns what ends it. */
  listen(listener: FollowListener): () => void {
    return this.#listeners.add(listener);
  }

  async #run(signal: AbortSignal, started: () => void): Promise<void> {
    const listening = this.listen(({ type }) => type !== "cleared" && started());
    this.#metrics.start();
    try {
      await this.#follow(signal);
    } finally {
      listening();
      this.#metrics.stop();
      this.#running = undefined;
      await this.#options.position?.leave().catch(() => {});
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    let pauseMs: number = followLimits.reconnectMsMin;
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      const { error, hasBegun } = await this.#once(signal);
      if (signal.aborted) return;
      if (isFirst && error instanceof DatabaseRefused) throw error;
      this.#tellEnd(error);
      if (hasBegun) pauseMs = followLimits.reconnectMsMin;
      await this.#clock.sleep(this.#isStandingBy ? followLimits.standByMs : pauseMs, signal);
      pauseMs = Math.min(pauseMs * 2, followLimits.reconnectMsMax);
    }
  }

  async #once(signal: AbortSignal): Promise<{ error: unknown; hasBegun: boolean }> {
    const { source, cache, map, position: seat, changesMax = followLimits.changesMax } = this.#options;
    const following = new Following({
      ...{ source, cache, map, seat, changesMax, keepEveryMs: followLimits.keepEveryMs },
      ...{ clock: this.#clock, listeners: this.#listeners, metrics: this.#metrics },
    });
    this.#following = following;
    try {
      await following.run(signal);
      return { error: undefined, hasBegun: true };
    } catch (error) {
      return { error, hasBegun: following.hasBegun };
    } finally {
      if (following.hasBegun) this.#cutOffSinceMs = this.#clock.monotonicMs();
      this.#following = undefined;
    }
  }

  #tellEnd(error: unknown): void {
    const stoodBy = this.#isStandingBy;
    this.#isStandingBy = error instanceof SourceBusy;
    if (!this.#isStandingBy) this.#listeners.tell({ type: "trouble", what: "database", error });
    else if (!stoodBy) this.#listeners.tell({ type: "standing by" });
  }
}

function checkOptions({ source, map, position, changesMax }: FollowOptions): void {
  if (Object.keys(map).length === 0) throw new TypeError("map names no table: nothing would be followed.");
  if (changesMax !== undefined && !(Number.isInteger(changesMax) && changesMax > 0))
    throw new TypeError("changesMax has to be an integer above 0.");
  if (source.keepsPosition && position !== undefined)
    throw new TypeError("position is not for this source: the database keeps it itself.");
  if (!source.keepsPosition && position === undefined)
    throw new TypeError("position is missing: this source needs a place for it, as positionIn({ server, name }).");
}
