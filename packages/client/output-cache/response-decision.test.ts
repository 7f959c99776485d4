import { expect, test } from "bun:test";
import type { HeaderList } from "./http/header-list.ts";
import type { RouteOptions } from "./options.ts";
import { decideResponse } from "./response-decision.ts";
import { parseRoutes } from "./route.ts";

const nowMs = Date.UTC(2026, 10, 3, 10);

function decide(
  headers: HeaderList,
  {
    status = 200,
    route = {},
    alsoVaryOn = [],
  }: { status?: number; route?: Partial<RouteOptions>; alsoVaryOn?: string[] } = {},
) {
  const options = { path: "/", ttl: "60s", staleWhileRevalidate: "30s", staleIfError: "10m", ...route } as RouteOptions;
  const [parsed] = parseRoutes({ namespace: "test", routes: [options] });
  return decideResponse({ status, headers }, { route: parsed!, alsoVaryOn, nowMs });
}

test.each([200, 203, 204, 300, 301, 308])("status %p is kept as long as the route says", (status) => {
  expect(decide([], { status })).toEqual({
    kind: "keep",
    freshMs: 60_000,
    ageMs: 0,
    staleWhileRevalidateMs: 30_000,
    staleIfErrorMs: 600_000,
  });
});

test.each([404, 410])("status %p is kept shorter", (status) => {
  expect(decide([], { status })).toMatchObject({ kind: "keep", freshMs: 10_000 });
  expect(decide([], { status, route: { negativeTtl: "2s" } })).toMatchObject({ freshMs: 2_000 });
  expect(decide([], { status, route: { negativeTtl: "2h" } })).toMatchObject({ freshMs: 60_000 });
  expect(decide([], { status, route: { negativeTtl: 0 } })).toMatchObject({ kind: "pass" });
});

test.each([201, 206, 302, 303, 304, 307, 400, 401, 403, 429])("status %p is not kept", (status) => {
  expect(decide([["cache-control", "public, max-age=60"]], { status })).toEqual({ kind: "pass", why: "status" });
});

test.each([500, 502, 503, 504])("status %p is a failure", (status) => {
  expect(decide([], { status })).toEqual({ kind: "failed" });
});

test.each<[string, HeaderList]>([
  ["no-store", [["cache-control", "no-store"]]],
  ["private", [["cache-control", "private, max-age=60"]]],
  ["private", [["cache-control", 'private="x-name"']]],
  ["no-cache", [["cache-control", "no-cache"]]],
  ["set-cookie", [["set-cookie", "a=b"]]],
  ["status", [["content-range", "bytes 0-1/2"]]],
  ["event stream", [["content-type", "text/event-stream; charset=utf-8"]]],
  ["expired", [["cache-control", "max-age=0"]]],
  ["expired", [["cache-control", "s-maxage=0, max-age=60"]]],
  ["expired", [["cache-control", "max-age=soon"]]],
  ["expired", [["expires", "0"]]],
  ["expired", [["expires", "Tue, 03 Nov 2026 10:00:00 GMT"]]],
  [
    "expired",
    [
      ["cache-control", "max-age=60"],
      ["age", "60"],
    ],
  ],
])("%s: %p is not kept", (why, headers) => {
  expect(decide(headers)).toEqual({ kind: "pass", why });
});

test.each<[string, HeaderList, number]>([
  ["shorter than the route's", [["cache-control", "max-age=5"]], 5_000],
  ["never longer", [["cache-control", "max-age=5000"]], 60_000],
  ["for shared caches", [["cache-control", "max-age=5, s-maxage=9"]], 9_000],
  [
    "less what it was old",
    [
      ["cache-control", "max-age=5"],
      ["age", "2"],
    ],
    3_000,
  ],
  [
    "Expires from Date",
    [
      ["expires", "Tue, 03 Nov 2026 12:00:07 GMT"],
      ["date", "Tue, 03 Nov 2026 12:00:00 GMT"],
    ],
    7_000,
  ],
  ["Expires from now", [["expires", "Tue, 03 Nov 2026 10:00:07 GMT"]], 7_000],
  [
    "max-age before Expires",
    [
      ["cache-control", "max-age=5"],
      ["expires", "0"],
    ],
    5_000,
  ],
])("fresh %s", (_, headers, freshMs) => {
  expect(decide(headers)).toMatchObject({ kind: "keep", freshMs });
});

test.each([
  ["stale-while-revalidate=5, stale-if-error=6", 5_000, 6_000],
  ["stale-while-revalidate=500, stale-if-error=6000", 30_000, 600_000],
  ["must-revalidate, stale-while-revalidate=5", 0, 0],
  ["proxy-revalidate", 0, 0],
  ["s-maxage=60", 0, 0],
  ["s-maxage=60, stale-while-revalidate=5", 5_000, 0],
])("%s", (header, staleWhileRevalidateMs, staleIfErrorMs) => {
  expect(decide([["cache-control", header]])).toMatchObject({ staleWhileRevalidateMs, staleIfErrorMs });
});

test("cookies are dropped only where that was told", () => {
  expect(decide([["set-cookie", "a=b"]], { route: { setCookie: "drop" } }).kind).toBe("keep");
});

test("a Vary beyond the route's asks for more headers in the key, or forbids", () => {
  expect(decide([["vary", "Accept-Encoding, Host"]]).kind).toBe("keep");
  expect(decide([["vary", "X-Country"]], { route: { vary: { headers: ["x-country"] } } }).kind).toBe("keep");
  expect(
    decide([
      ["vary", "Origin"],
      ["vary", "X-Country"],
    ]),
  ).toEqual({ kind: "varies", on: ["origin", "x-country"] });
  expect(decide([["vary", "Origin"]], { alsoVaryOn: ["origin"] }).kind).toBe("keep");
  expect(decide([["vary", "Accept-Language"]])).toEqual({ kind: "varies", on: ["accept-language"] });
  expect(decide([["vary", "Accept-Language"]], { route: { vary: { languages: ["en"] } } }).kind).toBe("keep");
  for (const vary of ["*", "Cookie", "a,b,c,d,e,f,g,h,i"])
    expect(decide([["vary", vary]])).toEqual({ kind: "pass", why: "vary", trouble: "vary" });
  expect(decide([["vary", "Cookie"]], { route: { vary: { cookies: ["theme"] } } }).kind).toBe("keep");
});

test("a body in a coding that nobody asked for is not kept", () => {
  expect(decide([["content-encoding", "gzip"]])).toMatchObject({ kind: "pass", trouble: "content coding" });
  expect(decide([["content-encoding", "identity"]]).kind).toBe("keep");
});
