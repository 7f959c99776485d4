/** Whether a response may be kept, and for how long (RFC 9111, 3 and 4.2; RFC 5861). Pure. */
import { type Directives, directiveMs, parseCacheControl } from "./http/cache-control.ts";
import { type HeaderList, headerOf, tokensOf } from "./http/header-list.ts";
import { outputCacheLimits, type TroubleKind } from "./options.ts";
import type { Route } from "./route.ts";

export interface Lifetimes {
  freshMs: number;
  staleWhileRevalidateMs: number;
  staleIfErrorMs: number;
  /** How old it was when it came. */
  ageMs: number;
}

export type ResponseDecision =
  | ({ kind: "keep" } & Lifetimes)
  /** Rendered without headers on which it depends: to be asked for anew with them in the key. */
  | { kind: "varies"; on: readonly string[] }
  /** The source is in trouble. */
  | { kind: "failed" }
  | { kind: "pass"; why: string; trouble?: TroubleKind };

const keptStatuses = new Set([200, 203, 204, 300, 301, 308, 404, 410]);
const negativeStatuses = new Set([404, 410]);

/** In every key, or handled by this package. */
const handledHeaders = new Set(["accept-encoding", "host", "x-forwarded-proto"]);

export interface ResponseHead {
  status: number;
  headers: HeaderList;
}

export interface ResponseContext {
  route: Route;
  /** What is in the key besides what the route names. */
  alsoVaryOn: readonly string[];
  /** Wall time where it was rendered. */
  nowMs: number;
}

export function decideResponse(head: ResponseHead, { route, alsoVaryOn, nowMs }: ResponseContext): ResponseDecision {
  const { status, headers } = head;
  if (status >= 500) return { kind: "failed" };
  const directives = parseCacheControl(headerOf(headers, "cache-control"));
  const why = refusal(head, route, directives);
  if (why !== undefined) return { kind: "pass", why };
  const coding = headerOf(headers, "content-encoding");
  if (coding !== undefined && coding.toLowerCase() !== "identity")
    return { kind: "pass", why: "content coding", trouble: "content coding" };
  return varying(headers, route, alsoVaryOn) ?? keeping(head, { route, directives, nowMs });
}

function refusal({ status, headers }: ResponseHead, route: Route, directives: Directives): string | undefined {
  if (!keptStatuses.has(status) || headerOf(headers, "content-range") !== undefined) return "status";
  for (const directive of ["no-store", "private", "no-cache"]) if (directives.has(directive)) return directive;
  if (headerOf(headers, "set-cookie") !== undefined && !route.dropsSetCookie) return "set-cookie";
  if (headerOf(headers, "content-type")?.toLowerCase().startsWith("text/event-stream")) return "event stream";
  return undefined;
}

function varying(headers: HeaderList, route: Route, alsoVaryOn: readonly string[]): ResponseDecision | undefined {
  const names = tokensOf(headerOf(headers, "vary"));
  const beyond = names.filter(
    (name) => !route.varyHeaders.includes(name) && !alsoVaryOn.includes(name) && !isHandled(name, route),
  );
  if (beyond.length === 0) return undefined;
  const on = [...new Set([...alsoVaryOn, ...beyond])].sort();
  const isTooMuch = on.includes("*") || on.includes("cookie") || on.length > outputCacheLimits.varyHeadersMax;
  return isTooMuch ? { kind: "pass", why: "vary", trouble: "vary" } : { kind: "varies", on };
}

/** What the route tells apart in its own way, or serves everybody alike because it was told to. */
function isHandled(name: string, route: Route): boolean {
  if (handledHeaders.has(name)) return true;
  if (name === "accept-language") return route.languages.length > 0;
  if (name === "cookie") return route.cookies.length > 0 || route.servesSignedIn;
  return name === "authorization" && route.servesSignedIn;
}

function keeping(
  { status, headers }: ResponseHead,
  { route, directives, nowMs }: { route: Route; directives: Directives; nowMs: number },
): ResponseDecision {
  const ageMs = directiveMs(new Map([["age", headerOf(headers, "age") ?? "0"]]), "age") ?? 0;
  const boundMs = negativeStatuses.has(status) ? Math.min(route.ttlMs, route.negativeTtlMs) : route.ttlMs;
  const saidMs =
    directiveMs(directives, "s-maxage") ?? directiveMs(directives, "max-age") ?? untilExpiry(headers, nowMs);
  const freshMs = Math.min(boundMs, (saidMs ?? boundMs) - ageMs);
  if (freshMs <= 0) return { kind: "pass", why: "expired" };
  return {
    kind: "keep",
    freshMs,
    ageMs,
    staleWhileRevalidateMs: staleMs(directives, "stale-while-revalidate", route.staleWhileRevalidateMs),
    staleIfErrorMs: staleMs(directives, "stale-if-error", route.staleIfErrorMs),
  };
}

/** `s-maxage` alone forbids what is stale, as `proxy-revalidate` does; with a window of its own it means that window. */
function staleMs(directives: Directives, name: string, boundMs: number): number {
  if (directives.has("must-revalidate") || directives.has("proxy-revalidate")) return 0;
  return Math.min(boundMs, directiveMs(directives, name) ?? (directives.has("s-maxage") ? 0 : boundMs));
}

/** What is no date has expired. */
function untilExpiry(headers: HeaderList, nowMs: number): number | undefined {
  const expires = headerOf(headers, "expires");
  if (expires === undefined) return undefined;
  const date = Date.parse(headerOf(headers, "date") ?? "");
  const remainingMs = Date.parse(expires) - (Number.isFinite(date) ? date : nowMs);
  return Number.isFinite(remainingMs) ? Math.max(0, remainingMs) : 0;
}
