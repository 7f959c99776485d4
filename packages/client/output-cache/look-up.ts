/**
 * One request's way to a page. The cache beneath does what is the same for every value: one rendering for all processes, fences
 * against purges, stale values while they are loaded anew. Here is what is HTTP's:
 *
 *   found       fresh, or stale within what its response allowed → answered
 *   found       staler, or older than the request takes           → rendered anew, and waited for
 *   varies      look again, with more headers in the key
 *   pass        its own handler answers
 *   rendered    for this request: its client streams the body while it is collected
 *   failed      an old page while that is allowed, else its own handler answers
 *   no answer in time, or trouble of the cache                    → its own handler answers
 */
import type { Cache } from "../cache/index.ts";
import type { EntryOptions, LoadContext } from "../cache/options.ts";
import type { Clock } from "../clock.ts";
import { ageMsOf, freshnessOf, type Page, type Stored } from "./page.ts";
import type { PageKey } from "./page-key.ts";
import type { RecentKeys } from "./recent-keys.ts";
import { type Live, type Rendering, RenderingFailed } from "./rendering.ts";
import type { RequestDecision } from "./request-decision.ts";
import type { Route } from "./route.ts";

export type Found =
  | { kind: "page"; page: Page; as: "hit" | "stale" | "rendered" | "collapsed" }
  | { kind: "live"; live: Live }
  | { kind: "varies"; on: readonly string[] }
  | { kind: "pass"; why: string };

type Asked = Found | { kind: "failed" };

export interface LookUp {
  cache: Cache;
  /** What could not be rendered a moment ago: an old page is served, or the handler asked. */
  failures: RecentKeys;
  /** What must not be kept: left to the handler without asking anybody. */
  passes: RecentKeys;
  /** The keys of what this process renders now. */
  underWay: Set<string>;
  clock: Clock;
  page: PageKey;
  route: Route;
  wish: Extract<RequestDecision, { kind: "look up" }>;
  tags: readonly string[];
  makeRendering(): Rendering;
  /** The client can be given the body while it is rendered. */
  canStream: boolean;
  waitMs: number;
  renderTimeoutMs: number;
  serverNowMs(): number;
}

/** The server's time is an estimate: what the cache beneath gives out is not staler by a hair. */
const slackMs = 250;

export async function lookUp(given: LookUp): Promise<Found> {
  const { route, failures, passes } = given;
  if (passes.has(nameOf(given))) return { kind: "pass", why: "not to be kept" };
  const windows = { staleWhileRevalidate: route.staleWhileRevalidateMs, staleIfError: route.staleIfErrorMs };
  const asked = await ask(given, windows);
  if (asked.kind === "failed") return { kind: "pass", why: "failed" };
  if (asked.kind !== "page" || asked.as !== "hit") return asked;
  const { page } = asked;
  const freshness = freshnessOf(page, given.serverNowMs() - slackMs);
  const servesStale =
    freshness === "stale while it is revalidated" ||
    (freshness === "stale if that fails" && failures.has(nameOf(given)));
  if (isWanted(page, given)) {
    if (freshness === "fresh") return asked;
    if (servesStale) return { ...asked, as: "stale" };
  }
  return renderAnew(given, page, freshness);
}

/** Only what is there. */
export async function onlyIfKept(given: LookUp): Promise<Found> {
  const stored = await given.cache.get<Stored>(given.page.key);
  if (stored === undefined || stored === null || stored.kind === "pass") return { kind: "pass", why: "none" };
  if (stored.kind === "varies") return stored;
  const freshness = freshnessOf(stored, given.serverNowMs() - slackMs);
  if (freshness === "fresh") return { kind: "page", page: stored, as: "hit" };
  if (freshness === "stale while it is revalidated") return { kind: "page", page: stored, as: "stale" };
  return { kind: "pass", why: "none" };
}

async function renderAnew(given: LookUp, old: Page, freshness: ReturnType<typeof freshnessOf>): Promise<Found> {
  const { cache, underWay, page } = given;
  const mayServe = freshness !== "expired";
  // A rendering that is under way is new enough, and would not be kept if its page was made stale now.
  if (freshness === "fresh" && !underWay.has(nameOf(given))) await cache.expire(page.key);
  const asked = await ask(given, { staleWhileRevalidate: 0, staleIfError: 0 });
  const isStillOld = asked.kind === "page" && asked.page.storedAtMs <= old.storedAtMs;
  if (asked.kind !== "failed" && !isStillOld) return asked;
  return mayServe ? { kind: "page", page: old, as: "stale" } : { kind: "pass", why: "failed" };
}

async function ask(given: LookUp, windows: EntryOptions): Promise<Asked> {
  const startedMs = given.serverNowMs();
  const rendering = given.makeRendering();
  const options: EntryOptions = {
    ...windows,
    ttl: given.route.ttlMs,
    ttlOf: (value) => freshForMs(value as Stored, given),
    tags: given.tags,
    hardTimeout: given.renderTimeoutMs,
  };
  const value = given.cache.getOrLoad<Stored>(given.page.key, (context) => load(given, rendering, context), options);
  if (!(value instanceof Promise)) return foundIn(value, { given, rendering, startedMs });
  const found = value.then(
    (stored) => foundIn(stored, { given, rendering, startedMs }),
    (): Asked => ({ kind: "failed" }),
  );
  return soonest(found, rendering, given);
}

async function load(given: LookUp, rendering: Rendering, context: LoadContext): Promise<Stored> {
  const name = nameOf(given);
  if (given.failures.has(name)) throw new RenderingFailed("It has failed a moment ago.");
  given.underWay.add(name);
  try {
    const stored = await rendering.run(context);
    if (stored.kind === "pass") given.passes.add(name);
    return stored;
  } catch (error) {
    given.failures.add(name);
    throw error;
  } finally {
    given.underWay.delete(name);
  }
}

/** What is found; or the rendering that this request has begun; or nothing, when another's takes too long. */
async function soonest(found: Promise<Asked>, rendering: Rendering, given: LookUp): Promise<Asked> {
  const waiting = new AbortController();
  const tooLong = given.clock.sleep(given.waitMs, waiting.signal).then((): Asked | Promise<Asked> => {
    return rendering.hasBegun || waiting.signal.aborted ? found : { kind: "pass", why: "waited too long" };
  });
  const ways = [found, tooLong];
  if (given.canStream) ways.push(rendering.live.then((live) => streaming(rendering, live)));
  try {
    return await Promise.race(ways);
  } finally {
    waiting.abort();
  }
}

function streaming(rendering: Rendering, live: Live): Asked {
  rendering.stream();
  return { kind: "live", live };
}

interface AskedBy {
  given: LookUp;
  rendering: Rendering;
  startedMs: number;
}

function foundIn(stored: Stored, { given, rendering, startedMs }: AskedBy): Asked {
  if (stored.kind === "varies") return stored;
  if (stored.kind === "pass") return { kind: "pass", why: stored.why };
  if (stored.storedAtMs === rendering.storedAtMs) return { kind: "page", page: stored, as: "rendered" };
  const isNew = stored.storedAtMs > startedMs && given.serverNowMs() - stored.storedAtMs < stored.freshMs;
  return { kind: "page", page: stored, as: isNew ? "collapsed" : "hit" };
}

function isWanted(page: Page, { wish, serverNowMs }: LookUp): boolean {
  const nowMs = serverNowMs();
  const freshLeftMs = page.storedAtMs + page.freshMs - nowMs;
  return ageMsOf(page, nowMs) <= wish.ageMsMax && (wish.freshForMs === 0 || freshLeftMs >= wish.freshForMs);
}

/** Since its head was there, some time has passed. */
function freshForMs(stored: Stored, { route, serverNowMs }: LookUp): number {
  if (stored.kind === "varies") return route.ttlMs;
  return Math.max(0, stored.freshMs - Math.max(0, serverNowMs() - stored.storedAtMs));
}

function nameOf({ page }: LookUp): string {
  return page.key.join(":");
}
