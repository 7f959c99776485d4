/** Whether a request may be answered from the cache, and on which conditions (RFC 9111, 5.2.1). Pure. */
import { cookiesOf } from "./cookies.ts";
import { directiveMs, parseCacheControl } from "./http/cache-control.ts";
import type { PageRequest } from "./options.ts";
import type { Route } from "./route.ts";

/** Methods that change nothing (RFC 9110, 9.2.1). */
const safeMethods = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/** What was kept of a page is invalid once another method has had success at its URL (RFC 9111, 4.4). */
export function isWrite({ method }: PageRequest): boolean {
  return !safeMethods.has(method);
}

export type RequestDecision =
  | { kind: "pass"; why: string }
  | {
      kind: "look up";
      /** Older pages are rendered anew. */
      ageMsMax: number;
      /** So long a page has to stay fresh. */
      freshForMs: number;
      /** No page, no rendering: 504. */
      isOnlyIfCached: boolean;
    };

/** What asks for a part of a page, or for a page in one state only: the handler's own business. */
const leftToTheHandler = ["range", "if-range", "if-match", "if-unmodified-since", "upgrade"];

export function decideRequest(
  request: PageRequest,
  route: Route,
  hosts: readonly string[] | undefined,
): RequestDecision {
  const pass = (why: string): RequestDecision => ({ kind: "pass", why });
  if (!route.methods.includes(request.method)) return pass("method");
  if (!request.url.startsWith("/")) return pass("url");
  if (hosts !== undefined && !hosts.includes((request.host ?? "").toLowerCase())) return pass("host");
  if (leftToTheHandler.some((name) => request.header(name) !== undefined)) return pass("range or precondition");
  if (hasBody(request)) return pass("body");
  if (isSignedIn(request, route)) return pass("signed in");
  const directives = parseCacheControl(request.header("cache-control"));
  if (directives.has("no-store")) return pass("no-store");
  const isOnlyIfCached = directives.has("only-if-cached");
  if (!route.obeysRequest)
    return { kind: "look up", ageMsMax: Number.POSITIVE_INFINITY, freshForMs: 0, isOnlyIfCached };
  const isPragma = !request.header("cache-control") && /\bno-cache\b/i.test(request.header("pragma") ?? "");
  return {
    kind: "look up",
    ageMsMax:
      directives.has("no-cache") || isPragma ? 0 : (directiveMs(directives, "max-age") ?? Number.POSITIVE_INFINITY),
    freshForMs: directiveMs(directives, "min-fresh") ?? 0,
    isOnlyIfCached,
  };
}

/** A handler may read it, and it is in no key. */
function hasBody(request: PageRequest): boolean {
  return request.header("transfer-encoding") !== undefined || Number(request.header("content-length") ?? 0) !== 0;
}

/** Unless the route says that what tells who it is tells the pages apart, or that everybody gets the same. */
function isSignedIn(request: PageRequest, route: Route): boolean {
  if (route.servesSignedIn) return false;
  if (request.header("authorization") !== undefined && !route.varyHeaders.includes("authorization")) return true;
  const header = request.header("cookie");
  if (header === undefined) return false;
  const cookies = cookiesOf(header);
  return route.signInCookies.some((name) => cookies.has(name) && !route.cookies.includes(name));
}
