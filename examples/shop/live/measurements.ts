/** What a web process has done in the last second, told to the page /live of any process. */
import type { ServerResponse } from "node:http";
import type { Cache } from "@larder/client/cache";
import { type Channel, createChannel, type Queue } from "@larder/client/messaging";
import type { OutputCache } from "@larder/client/output-cache";
import type { Database } from "../database/database.ts";
import type { Connected, Order } from "../orders/order.ts";

export interface Second {
  /** Which process. */
  port: number;
  /** In seconds since 1970. */
  at: number;
  requests: number;
  /** Of the answers of this second, in milliseconds; null where there were none. */
  p95Ms: number | null;
  hits: number;
  misses: number;
  stale: number;
  fenced: number;
  queries: number;
  isCacheOn: boolean;
  ordersDone: number;
  ordersWaiting: number;
}

export interface Measured {
  connected: Connected;
  port: number;
  database: Database;
  cache: Cache;
  pages: OutputCache;
  queue: Queue<Order>;
  isCacheOn: () => boolean;
}

type Totals = Pick<Second, "requests" | "hits" | "misses" | "stale" | "fenced" | "queries">;

/** So many seconds a newly opened page shows of the past. */
const secondsKept = 180;
const earlyMsMax = 50;

export class Measurements {
  readonly channel: Channel<Second>;
  readonly #of: Measured;
  #timesMs: number[] = [];
  #requests = 0;
  readonly #pages = { hit: 0, stale: 0, miss: 0, collapsed: 0, pass: 0 };
  #before: Totals;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(measured: Measured) {
    this.#of = measured;
    const { server, namespace } = measured.connected;
    // Two processes write to it.
    this.channel = createChannel(`${namespace}:live`, { server, history: { length: secondsKept * 2, age: "10m" } });
    this.#before = this.totals();
    measured.pages.on((event) => {
      if (event.type === "page") this.#pages[event.outcome]++;
    });
  }

  /** All processes tell at the full second, so that the page can add up what they tell. */
  start(): void {
    const leftMs = 1_000 - (Date.now() % 1_000);
    // A timer may be a moment early: the full second that follows at once is the one that was told.
    const waitMs = leftMs < earlyMsMax ? leftMs + 1_000 : leftMs;
    this.#timer = setTimeout(() => {
      this.start();
      // A second that cannot be told is missing in the picture.
      this.#tell().catch(() => {});
    }, waitMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.channel.close();
  }

  /** From its coming until its answer has been given to the network. */
  measure(response: ServerResponse): void {
    const startMs = performance.now();
    response.once("finish", () => {
      this.#requests++;
      this.#timesMs.push(performance.now() - startMs);
    });
  }

  /** Since the process began. */
  totals(): Totals {
    const { database, cache } = this.#of;
    const totals = { hits: this.#pages.hit, misses: this.#pages.miss, stale: this.#pages.stale, fenced: 0 };
    for (const family of Object.values(cache.stats().families)) {
      totals.hits += family.firstLevelHits + family.secondLevelHits;
      totals.misses += family.misses;
      totals.stale += family.staleHits;
      totals.fenced += family.fenced;
    }
    return { ...totals, requests: this.#requests, queries: database.queries };
  }

  async #tell(): Promise<void> {
    const { port, queue, isCacheOn } = this.#of;
    const at = Math.round(Date.now() / 1_000);
    const now = this.totals();
    const before = this.#before;
    this.#before = now;
    const timesMs = this.#timesMs.sort((a, b) => a - b);
    this.#timesMs = [];
    const orders = await queue.stats();
    await this.channel.publish({
      port,
      at,
      p95Ms: timesMs[Math.floor(timesMs.length * 0.95)] ?? null,
      requests: now.requests - before.requests,
      hits: now.hits - before.hits,
      misses: now.misses - before.misses,
      stale: now.stale - before.stale,
      fenced: now.fenced - before.fenced,
      queries: now.queries - before.queries,
      isCacheOn: isCacheOn(),
      ordersDone: orders.doneTotal,
      ordersWaiting: orders.waiting + orders.running + orders.delayed + orders.held,
    });
  }
}
