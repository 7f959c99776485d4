/** What an output cache is told, and what it tells. */
import type { BreakerOptions, FirstLevelOptions } from "../cache/options.ts";
import type { Clock } from "../clock.ts";
import type { ServerLike } from "../connection/server.ts";
import type { Duration } from "../duration.ts";
import type { Randomness } from "../randomness.ts";

/** A request as the frameworks' adapters show it. */
export interface PageRequest {
  method: string;
  /** As it came, with the query: `/shoes?size=42`. */
  url: string;
  scheme: "http" | "https";
  host: string | undefined;
  /** All values of the header as one; the name in lower case. */
  header(name: string): string | undefined;
}

/** A request on its route. */
export interface RoutedRequest extends PageRequest {
  /** Of `/shoes/:id` the id, decoded. */
  parameters: Readonly<Record<string, string>>;
}

/** What makes two requests different pages. Nothing else of a request is shown to the handler that renders one. */
export interface VaryOptions {
  /** Names of headers. For cookies, languages and codings there are better ways. */
  headers?: readonly string[];
  /** The languages that the page exists in; the first is for those who ask for none of them. */
  languages?: readonly string[];
  /** Names of parameters; their order never matters. "all" unless given. */
  query?: "all" | "none" | readonly string[];
  /** Names of cookies. */
  cookies?: readonly string[];
}

export interface RouteOptions {
  /** `/shoes/:id`, `/img/*`. A `*` at the end is any rest. */
  path?: string;
  /** Instead of `path`. */
  match?: (request: PageRequest) => boolean;
  /** GET and HEAD unless given; no others can be. */
  methods?: readonly ("GET" | "HEAD")[];
  /** How long a page is fresh. The response's Cache-Control may shorten this and the next two, and never lengthens them. */
  ttl: Duration;
  /** How long 404 and 410 are fresh. `ttl`, but at most 10 s, unless given. */
  negativeTtl?: Duration;
  /** How long after `ttl` a page is still served while it is rendered anew. 0 unless given. */
  staleWhileRevalidate?: Duration;
  /** How long after `ttl` a page is still served when it cannot be rendered: an error, or a status of 500 and above. 0 unless given. */
  staleIfError?: Duration;
  vary?: VaryOptions;
  /** What purges it together with others. */
  tags?: readonly string[] | ((request: RoutedRequest) => readonly string[]);
  /** More that tells pages apart, of the whole request: the kind of device, the variant of an experiment. */
  key?: (request: RoutedRequest) => string;
  /** Headers that the handler sees although they tell no pages apart: a trace id. Whatever it makes of them, others are served, too. */
  forward?: readonly string[];
  /**
   * Requests with an Authorization header or a sign-in cookie: "pass" (unless given) leaves them to the handler; "anonymous" serves
   * them the page that everybody gets.
   */
  signedIn?: "pass" | "anonymous";
  /** A response that sets cookies: "refuse" (unless given) never stores it, "drop" stores it without the cookies. */
  setCookie?: "refuse" | "drop";
  /** Do not render anew because the request says `no-cache` or `max-age`. */
  ignoreRequestCacheControl?: boolean;
}

export interface OutputCacheOptions {
  /** None: pages are kept in this process alone. */
  server?: ServerLike;
  /** Before every key. With a version in it, a deployment that renders other pages never serves the old. */
  namespace: string;
  /** The first that matches a request counts. */
  routes: readonly RouteOptions[];
  /**
   * The hosts that pages are kept for, each its own; requests for others are left to the handler. None given: the host tells no pages
   * apart, and the handler sees `localhost`.
   */
  hosts?: readonly string[];
  /** Cookies of somebody who is signed in. Instead of the default list. */
  signInCookies?: readonly string[];
  /** A longer body is streamed on and not kept. 1 MiB unless given. */
  bodyBytesMax?: number;
  /** How long a request waits for a page that is being rendered for another; then its own handler answers. 10 s unless given. */
  waitTimeout?: Duration;
  /** How long rendering may take for its result to be kept. 30 s unless given. */
  renderTimeout?: Duration;
  /** From how many bytes on text is compressed; false: never. 1,024 unless given. */
  compressAboveBytes?: number | false;
  /** Of the cache beneath. */
  firstLevel?: FirstLevelOptions | false;
  serverTimeout?: Duration;
  breaker?: BreakerOptions;
  clock?: Clock;
  randomness?: Randomness;
}

export const outputCacheDefaults = {
  bodyBytesMax: 1024 * 1024,
  waitTimeoutMs: 10_000,
  renderTimeoutMs: 30_000,
  compressAboveBytes: 1_024,
  negativeTtlMsMax: 10_000,
  /** Of the usual session libraries and servers. */
  signInCookies: [
    "connect.sid",
    "session",
    "sessionid",
    "session_id",
    "sessionId",
    "sid",
    "__Host-session",
    "__Host-sid",
    "__Secure-session",
    "PHPSESSID",
    "JSESSIONID",
    "ASP.NET_SessionId",
    ".AspNetCore.Cookies",
  ],
} as const;

/** What nobody may set. */
export const outputCacheLimits = {
  /** Longer paths and queries are left to the handler. */
  urlBytesMax: 2_048,
  /** A header or cookie that tells pages apart and is longer leaves its request to the handler. */
  varyValueBytesMax: 256,
  /** A path's further segments count as one, so that purging by a longer prefix purges more. */
  segmentsMax: 5,
  /** A response whose Vary names more headers is not kept. */
  varyHeadersMax: 8,
  /** How long all processes leave a page to the handler that must not be kept. */
  passMs: 5_000,
  /** How long one that failed is not tried again: an old one is served, or the handler asked. */
  failureMs: 1_000,
  /** How many keys a process remembers as failed, and as left to the handler. */
  recentKeysMax: 1_000,
  /** How many bodies wait to be compressed; more are served as they are. */
  compressionsMax: 16,
} as const;

export type TroubleKind =
  /** `cookie` or `*` in a response's Vary, or too many names: it was not kept. */
  | "vary"
  /** Longer than `bodyBytesMax`: it was not kept. */
  | "body too long"
  /** It was rendered in a coding although none was asked for: it was not kept. */
  | "content coding"
  /** The handler failed, answered 500 or above, or its body ended too early or too late. */
  | "render"
  /** Of the cache or its server; the handler answers. */
  | "cache";

/** How a request went: as `Cache-Status` says it. */
export type PageOutcome = "hit" | "stale" | "miss" | "collapsed" | "pass";

export type OutputCacheEvent =
  | { type: "page"; outcome: PageOutcome; route: string }
  | { type: "trouble"; what: TroubleKind; route: string; error?: unknown };
