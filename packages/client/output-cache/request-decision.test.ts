import { expect, test } from "bun:test";
import type { PageRequest, RouteOptions } from "./options.ts";
import { decideRequest } from "./request-decision.ts";
import { parseRoutes } from "./route.ts";

function request(headers: Record<string, string> = {}, over: Partial<PageRequest> = {}): PageRequest {
  return { method: "GET", url: "/", scheme: "https", host: "shop.example", header: (name) => headers[name], ...over };
}

function decide(asked: PageRequest, route: Partial<RouteOptions> = {}, hosts?: string[]) {
  const [parsed] = parseRoutes({ namespace: "test", routes: [{ path: "/", ttl: "1m", ...route } as RouteOptions] });
  return decideRequest(asked, parsed!, hosts);
}

test.each([
  ["method", request({}, { method: "POST" })],
  ["method", request({}, { method: "PUT" })],
  ["url", request({}, { url: "http://evil.example/" })],
  ["range or precondition", request({ range: "bytes=0-1" })],
  ["range or precondition", request({ "if-match": '"a"' })],
  ["range or precondition", request({ "if-unmodified-since": "Tue, 03 Nov 2026 10:00:00 GMT" })],
  ["body", request({ "content-length": "5" })],
  ["body", request({ "transfer-encoding": "chunked" })],
  ["signed in", request({ authorization: "Bearer token" })],
  ["signed in", request({ cookie: "theme=dark; connect.sid=abc" })],
  ["no-store", request({ "cache-control": "max-age=1, no-store" })],
])("%s: the handler's business", (why, asked) => {
  expect(decide(asked)).toEqual({ kind: "pass", why });
});

test("hosts that are not named pass by", () => {
  expect(decide(request(), {}, ["shop.example"]).kind).toBe("look up");
  expect(decide(request({}, { host: "Shop.Example" }), {}, ["shop.example"]).kind).toBe("look up");
  expect(decide(request({}, { host: "evil.example" }), {}, ["shop.example"])).toEqual({ kind: "pass", why: "host" });
  expect(decide(request({}, { host: undefined }), {}, ["shop.example"])).toEqual({ kind: "pass", why: "host" });
});

test("who is signed in is served what the route was told to", () => {
  const signedIn = request({ authorization: "Bearer token", cookie: "sid=abc" });
  expect(decide(signedIn, { signedIn: "anonymous" }).kind).toBe("look up");
  expect(decide(signedIn, { vary: { headers: ["Authorization"], cookies: ["sid"] } }).kind).toBe("look up");
  expect(decide(signedIn, { vary: { headers: ["Authorization"] } }).kind).toBe("pass");
});

test.each([
  [{}, { ageMsMax: Number.POSITIVE_INFINITY, freshForMs: 0, isOnlyIfCached: false }],
  [{ "cache-control": "no-cache" }, { ageMsMax: 0, freshForMs: 0, isOnlyIfCached: false }],
  [{ pragma: "no-cache" }, { ageMsMax: 0, freshForMs: 0, isOnlyIfCached: false }],
  [
    { pragma: "no-cache", "cache-control": "max-age=9" },
    { ageMsMax: 9_000, freshForMs: 0, isOnlyIfCached: false },
  ],
  [
    { "cache-control": "min-fresh=5" },
    { ageMsMax: Number.POSITIVE_INFINITY, freshForMs: 5_000, isOnlyIfCached: false },
  ],
  [{ "cache-control": "only-if-cached" }, { ageMsMax: Number.POSITIVE_INFINITY, freshForMs: 0, isOnlyIfCached: true }],
])("%p", (headers, wish) => {
  expect(decide(request(headers as Record<string, string>))).toEqual({ kind: "look up", ...wish });
});

test("a route may ignore that a client wants it anew", () => {
  expect(decide(request({ "cache-control": "no-cache" }), { ignoreRequestCacheControl: true })).toMatchObject({
    ageMsMax: Number.POSITIVE_INFINITY,
  });
});
