/**
 * An output cache: whole responses and parts of pages, for all processes of an application. This is its core, which knows no framework;
 * adapters turn a framework's request into a `PageRequest`, render with what `Source` is told, and send an `Answer`.
 *
 *   - A response is kept only if nothing forbids it, and is shared only with requests of the same key (page-key.ts).
 *   - A handler never sees, while a page is rendered, what is not in the page's key.
 *   - Whatever fails here, the application's own handler answers.
 */
import { type Cache, createCache } from "../cache/index.ts";
import type { EntryOptions, Key } from "../cache/options.ts";
import { type Clock, systemClock } from "../clock.ts";
import { serverOf } from "../connection/server.ts";
import { durationMs } from "../duration.ts";
import { type Answer, answerWhileRendered, answerWith, notCached } from "./answer.ts";
import { type CacheStatus, cacheStatusHeader } from "./cache-status.ts";
import { Compression } from "./compression.ts";
import { type Found, type LookUp, lookUp, onlyIfKept } from "./look-up.ts";
import {
  type OutputCacheEvent,
  type OutputCacheOptions,
  outputCacheDefaults,
  outputCacheLimits,
  type PageRequest,
} from "./options.ts";
import { type PageKey, pageKey } from "./page-key.ts";
import { pageSerializer } from "./page-serializer.ts";
import { type PurgeTarget, prefixesToPurge } from "./purge.ts";
import { RecentKeys } from "./recent-keys.ts";
import { Rendering, type Source } from "./rendering.ts";
import { countRequest } from "./request-count.ts";
import { decideRequest, isWrite, type RequestDecision } from "./request-decision.ts";
import { parseRoutes, type Route } from "./route.ts";
import { SharedTime } from "./shared-time.ts";

export type Reaction =
  | { kind: "answer"; answer: Answer }
  /** The request's own handler answers; with this Cache-Status, if a route matched. */
  | { kind: "pass"; cacheStatus?: string; onAnswered?: OnAnswered };

/** To be called with the status of a request that may have changed its page, before the answer goes out. Never rejects. */
export type OnAnswered = (status: number) => Promise<void>;

/** What a fragment is told; it has no other options of an entry. */
export type FragmentOptions = Pick<
  EntryOptions,
  "ttl" | "staleWhileRevalidate" | "staleIfError" | "jitter" | "softTimeout" | "hardTimeout"
> & { tags?: readonly string[] };

/** Throws a TypeError that names the option for what is none. Connects at the first request. */
export function outputCache(options: OutputCacheOptions): OutputCache {
  return new OutputCache(options);
}

export class OutputCache {
  readonly #cache: Cache;
  readonly #clock: Clock;
  readonly #time: SharedTime;
  readonly #routes: readonly Route[];
  readonly #hosts: readonly string[] | undefined;
  readonly #bodyBytesMax: number;
  readonly #waitMs: number;
  readonly #renderTimeoutMs: number;
  readonly #compression: Compression | null;
  readonly #failures: RecentKeys;
  readonly #passes: RecentKeys;
  readonly #underWay = new Set<string>();
  readonly #listeners = new Set<(event: OutputCacheEvent) => void>();

  constructor(options: OutputCacheOptions) {
    const { compressAboveBytes = outputCacheDefaults.compressAboveBytes } = options;
    this.#routes = parseRoutes(options);
    this.#hosts = options.hosts?.map((host) => host.toLowerCase());
    this.#bodyBytesMax = bytesOf(options.bodyBytesMax ?? outputCacheDefaults.bodyBytesMax, "bodyBytesMax");
    this.#waitMs = durationMs(options.waitTimeout ?? outputCacheDefaults.waitTimeoutMs, "waitTimeout");
    this.#renderTimeoutMs = durationMs(options.renderTimeout ?? outputCacheDefaults.renderTimeoutMs, "renderTimeout");
    this.#clock = options.clock ?? systemClock;
    this.#time = new SharedTime(this.#clock, options.server === undefined ? undefined : serverOf(options.server));
    this.#failures = new RecentKeys(this.#clock, outputCacheLimits.failureMs);
    this.#passes = new RecentKeys(this.#clock, outputCacheLimits.passMs);
    this.#cache = createCache(cacheOptions(options));
    this.#compression =
      compressAboveBytes === false
        ? null
        : new Compression(this.#cache, bytesOf(compressAboveBytes, "compressAboveBytes"));
  }

  /**
   * A part of a page: kept, or rendered once for all who ask at the same time. Rejects only with what `render` throws, and
   * with a TypeError when it returns no text.
   */
  async fragment(key: Key, render: () => string | Promise<string>, options: FragmentOptions = {}): Promise<string> {
    return this.#cache.getOrLoad<string>(fragmentKey(key), async () => textOf(await render()), options);
  }

  /**
   * Ends what is kept, in all processes; what is being rendered at this moment is not kept either. False: the server could not be
   * told, so that others, and this process after it, may still serve it. Throws a TypeError for a target that is none.
   */
  async purge(target: PurgeTarget): Promise<boolean> {
    if ("tags" in target) return this.#cache.invalidateTags(target.tags);
    if ("fragment" in target) {
      const key = fragmentKey(target.fragment);
      return allOf([this.#cache.invalidate(key), this.#cache.invalidatePrefix(key)]);
    }
    const prefixes = prefixesToPurge(target, { routes: this.#routes, hosts: this.#hosts });
    return allOf(prefixes.map((prefix) => this.#cache.invalidatePrefix(prefix)));
  }

  /** Returns what ends it. A listener must not throw. */
  on(listener: (event: OutputCacheEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Pages are no longer kept, and the cache beneath is closed; the server that was given is not. */
  close(): void {
    this.#cache.close();
  }

  /** For adapters: what to do with a request. Never rejects. */
  async respond(request: PageRequest, source: Source): Promise<Reaction> {
    let route: Route | undefined;
    try {
      route = this.#routes.find((each) => each.matches(request));
      return route === undefined ? { kind: "pass" } : await this.#respond(request, source, route);
    } catch (error) {
      this.#emit({ type: "trouble", what: "cache", route: route?.name ?? "", error });
      return { kind: "pass" };
    }
  }

  async #respond(request: PageRequest, source: Source, route: Route): Promise<Reaction> {
    const decision = decideRequest(request, route, this.#hosts);
    if (decision.kind === "pass") {
      const passed = this.#passed(route, { forwarded: "bypass", detail: decision.why });
      return isWrite(request) ? { ...passed, onAnswered: (status) => this.#written(request, status) } : passed;
    }
    await this.#time.ready();
    const found = await this.#find({ request, source, route, decision });
    return this.#reactTo(found, { request, route, decision });
  }

  async #find(asked: Asked): Promise<Found> {
    let alsoVaryOn: readonly string[] = [];
    for (let depth = 0; depth < secondaryKeysMax; depth++) {
      const key = pageKey(asked.request, { route: asked.route, hosts: this.#hosts, alsoVaryOn });
      if (key === null) return { kind: "pass", why: "too long" };
      const given = this.#lookUpOf(asked, key, alsoVaryOn);
      const found = await (asked.decision.isOnlyIfCached ? onlyIfKept(given) : lookUp(given));
      if (found.kind !== "varies") return found;
      alsoVaryOn = found.on;
    }
    return { kind: "pass", why: "vary" };
  }

  #lookUpOf({ request, source, route, decision }: Asked, page: PageKey, alsoVaryOn: readonly string[]): LookUp {
    return {
      cache: this.#cache,
      failures: this.#failures,
      passes: this.#passes,
      underWay: this.#underWay,
      clock: this.#clock,
      page,
      route,
      wish: decision,
      tags: route.tagsOf(request),
      // Whoever may have the page already waits for its entity tag.
      canStream: request.method === "GET" && !hasConditions(request),
      waitMs: this.#waitMs,
      renderTimeoutMs: this.#renderTimeoutMs,
      serverNowMs: () => this.#time.nowMs(),
      makeRendering: () =>
        new Rendering({
          source,
          request: page.render,
          route,
          alsoVaryOn,
          bodyBytesMax: this.#bodyBytesMax,
          nowMs: () => this.#clock.nowMs(),
          serverNowMs: () => this.#time.nowMs(),
          onTrouble: (what, error) => this.#emit({ type: "trouble", what, route: route.name, error }),
        }),
    };
  }

  async #reactTo(found: Found, { request, route, decision }: Omit<Asked, "source">): Promise<Reaction> {
    if (found.kind === "live") {
      this.#count("miss", route);
      const { head, body, bytes } = found.live;
      const status: CacheStatus = { forwarded: "miss", isStored: true };
      return {
        kind: "answer",
        answer: answerWhileRendered(head, { body: body.read(), bytes }, { request, route, status }),
      };
    }
    if (found.kind === "page") return { kind: "answer", answer: await this.#answerWith(found, request, route) };
    if (decision.isOnlyIfCached) return { kind: "answer", answer: notCached("only-if-cached") };
    return this.#passed(route, { forwarded: "miss", detail: found.kind === "pass" ? found.why : "vary" });
  }

  async #answerWith(
    { page, as }: Extract<Found, { kind: "page" }>,
    request: PageRequest,
    route: Route,
  ): Promise<Answer> {
    this.#count(as === "rendered" ? "miss" : as, route);
    const representation = (await this.#compression?.representation(
      page,
      request.header("accept-encoding"),
      route,
    )) ?? { coding: "identity" as const, body: page.body };
    const nowMs = this.#time.nowMs();
    const freshForMs = page.storedAtMs + page.freshMs - nowMs;
    const isHit = as === "hit" || as === "stale";
    const status: CacheStatus = isHit
      ? { isHit, freshForMs }
      : { forwarded: "miss", isStored: true, isCollapsed: as === "collapsed" };
    return answerWith(page, representation, { request, route, nowMs, status });
  }

  async #written({ url, host }: PageRequest, status: number): Promise<void> {
    if (status < 200 || status >= 400 || !url.startsWith("/")) return;
    const isOneOfOurs = host !== undefined && this.#hosts?.includes(host.toLowerCase());
    await this.purge({ url: isOneOfOurs ? `https://${host}${url}` : url }).catch(() => {});
  }

  #passed(route: Route, status: CacheStatus): Extract<Reaction, { kind: "pass" }> {
    this.#count("pass", route);
    return { kind: "pass", cacheStatus: cacheStatusHeader(status) };
  }

  #count(outcome: Extract<OutputCacheEvent, { type: "page" }>["outcome"], route: Route): void {
    countRequest(outcome, route.name);
    this.#emit({ type: "page", outcome, route: route.name });
  }

  #emit(event: OutputCacheEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

interface Asked {
  request: PageRequest;
  source: Source;
  route: Route;
  decision: Extract<RequestDecision, { kind: "look up" }>;
}

/** A response may name headers in its Vary, and once they are in the key, name more. */
const secondaryKeysMax = 4;

function hasConditions(request: PageRequest): boolean {
  return request.header("if-none-match") !== undefined || request.header("if-modified-since") !== undefined;
}

function cacheOptions(options: OutputCacheOptions) {
  const { namespace, server, firstLevel, serverTimeout, breaker, clock, randomness } = options;
  return {
    namespace,
    serializer: pageSerializer,
    // Bodies have codings of their own.
    compressAboveBytes: Number.POSITIVE_INFINITY,
    ...(server === undefined ? {} : { server }),
    ...(firstLevel === undefined ? {} : { firstLevel }),
    ...(serverTimeout === undefined ? {} : { serverTimeout }),
    ...(breaker === undefined ? {} : { breaker }),
    ...(clock === undefined ? {} : { clock }),
    ...(randomness === undefined ? {} : { randomness }),
  };
}

function fragmentKey(key: Key): Key {
  return typeof key === "string" ? `fragment:${key}` : ["fragment", ...key];
}

async function allOf(told: Promise<boolean>[]): Promise<boolean> {
  return (await Promise.all(told)).every(Boolean);
}

function textOf(rendered: unknown): string {
  if (typeof rendered === "string") return rendered;
  throw new TypeError(`A fragment has to be text; render returned ${typeof rendered}.`);
}

function bytesOf(value: number, option: string): number {
  if (typeof value === "number" && value >= 0) return value;
  throw new TypeError(`${option} is no number of bytes: ${JSON.stringify(value)}`);
}
