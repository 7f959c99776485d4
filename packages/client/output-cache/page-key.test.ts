import { expect, test } from "bun:test";
import type { PageRequest, RouteOptions } from "./options.ts";
import { pageKey } from "./page-key.ts";
import { prefixesToPurge } from "./purge.ts";
import { parseRoutes } from "./route.ts";

function keyOf(
  url: string,
  headers: Record<string, string> = {},
  {
    route = {},
    hosts,
    alsoVaryOn = [],
    ...over
  }: Partial<PageRequest> & {
    route?: Partial<RouteOptions>;
    hosts?: string[];
    alsoVaryOn?: string[];
  } = {},
) {
  const [parsed] = parseRoutes({ namespace: "test", routes: [{ path: "/*", ttl: 1, ...route } as RouteOptions] });
  const request: PageRequest = {
    method: "GET",
    url,
    scheme: "http",
    host: "shop.example",
    header: (name) => headers[name],
    ...over,
  };
  return pageKey(request, { route: parsed!, hosts, alsoVaryOn });
}

test("parameters count in any order, those of one name in theirs; others do not, and are not shown", () => {
  expect(keyOf("/a?b=2&a=1")).toEqual(keyOf("/a?a=1&b=2"));
  expect(keyOf("/a?a=1&a=2")).not.toEqual(keyOf("/a?a=2&a=1"));
  const narrow = { route: { vary: { query: ["page"] } } };
  expect(keyOf("/a?utm_source=x&page=2&page[]=3&%70age=4", {}, narrow)?.render.url).toBe("/a?page=2&%70age=4");
  expect(keyOf("/a?x=1", {}, { route: { vary: { query: "none" } } })).toEqual(keyOf("/a"));
});

test("a header that is not in the key is neither seen nor told apart", () => {
  const poisoned = {
    "x-forwarded-host": "evil.example",
    "x-original-url": "/admin",
    "user-agent": "x",
    cookie: "a=b",
    "accept-encoding": "gzip",
    "x-forwarded-proto": "evil",
  };
  expect(keyOf("/", poisoned, { host: "evil.example" })).toEqual(keyOf("/"));
  expect(keyOf("/")?.render.headers).toEqual([["host", "localhost"]]);
});

test("what the route names is in the key, and shown as it is in the key", () => {
  const route = {
    vary: { headers: ["X-Country"], languages: ["en", "de"], cookies: ["theme"] },
    forward: ["traceparent"],
    key: (request: PageRequest) => (/Mobile/.test(request.header("user-agent") ?? "") ? "mobile" : "desktop"),
  };
  const asked = keyOf(
    "/",
    { "x-country": " AT ", "accept-language": "de-AT", cookie: "sid=1; theme=dark", traceparent: "00-1" },
    { route },
  );
  expect(asked?.render.headers).toEqual([
    ["host", "localhost"],
    ["x-country", "AT"],
    ["accept-language", "de"],
    ["cookie", "theme=dark"],
    ["traceparent", "00-1"],
  ]);
  const variants = [
    {},
    { "x-country": "DE" },
    { "accept-language": "de" },
    { cookie: "theme=a" },
    { "user-agent": "Mobile" },
  ];
  expect(new Set(variants.map((headers) => keyOf("/", headers, { route })?.key.join())).size).toBe(variants.length);
  expect(keyOf("/", { traceparent: "00-2" }, { route })?.key).toEqual(keyOf("/", {}, { route })!.key);
});

test("scheme, hosts that are named, and headers of a response's Vary are in the key", () => {
  expect(keyOf("/", {}, { scheme: "https" })?.key).not.toEqual(keyOf("/")!.key);
  expect(keyOf("/", {}, { scheme: "https" })?.render.headers).toContainEqual(["x-forwarded-proto", "https"]);
  const hosts = ["shop.example", "shop.test"];
  expect(keyOf("/", {}, { hosts })?.key).not.toEqual(keyOf("/", {}, { hosts, host: "shop.test" })!.key);
  expect(keyOf("/", { origin: "a" }, { alsoVaryOn: ["origin"] })?.key).not.toEqual(
    keyOf("/", { origin: "b" }, { alsoVaryOn: ["origin"] })!.key,
  );
});

test("what is too long is left to the handler", () => {
  expect(keyOf(`/${"a".repeat(3_000)}`)).toBe(null);
  expect(keyOf("/", { "x-country": "a".repeat(300) }, { route: { vary: { headers: ["x-country"] } } })).toBe(null);
});

test.each([
  [{ path: "/" }, ["page@"]],
  [{ path: "/shoes/" }, ["page@", "/shoes"]],
  [{ path: "/a/b/c/d/e/f/g" }, ["page@", "/a", "/b", "/c", "/d", "/e"]],
  [{ url: "/shoes?page=2&utm_source=x" }, ["page@", "/shoes", "?page=2"]],
  [{ url: "https://shop.example/shoes" }, ["page@", "/shoes", "?"]],
  [{ url: "https://shop.example" }, ["page@", "/", "?"]],
])("a purge of %p is of all keys that begin so", (target, prefix) => {
  const routes = parseRoutes({ namespace: "test", routes: [{ path: "/*", ttl: 1, vary: { query: ["page"] } }] });
  expect(prefixesToPurge(target, { routes, hosts: undefined })).toEqual([prefix]);
});

test("a purge concerns every host, or the one of its URL; and has to be one", () => {
  const hosts = ["a.example", "b.example"];
  expect(prefixesToPurge({ path: "/x" }, { routes: [], hosts })).toEqual([
    ["page@a.example", "/x"],
    ["page@b.example", "/x"],
  ]);
  expect(prefixesToPurge({ url: "http://B.example/x" }, { routes: [], hosts })).toEqual([
    ["page@b.example", "/x", "?"],
  ]);
  expect(() => prefixesToPurge({ path: "x" }, { routes: [], hosts })).toThrow(TypeError);
  expect(() => prefixesToPurge({ url: "x" }, { routes: [], hosts })).toThrow(TypeError);
});

test.each([
  ["routes[0].ttl", { path: "/", ttl: "soon" }],
  ["routes[0].path", { path: "x", ttl: 1 }],
  ["routes[0].path", { path: "/*/x", ttl: 1 }],
  ["routes[0].methods", { path: "/", ttl: 1, methods: ["POST"] }],
  ["vary.languages", { path: "/", ttl: 1, vary: { headers: ["Accept-Language"] } }],
  ["vary.cookies", { path: "/", ttl: 1, vary: { headers: ["Cookie"] } }],
  ["routes[0].vary.query", { path: "/", ttl: 1, vary: { query: "some" } }],
  ["routes[0].forward", { path: "/", ttl: 1, forward: ["Cookie"] }],
  ["routes[0].signedIn", { path: "/", ttl: 1, signedIn: true }],
  ["both path and match", { path: "/", match: () => true, ttl: 1 }],
])("%s is named when it is wrong", (text, route) => {
  expect(() => parseRoutes({ namespace: "test", routes: [route as never] })).toThrow(text);
});

test("the functions of a route are given the parameters of its path", () => {
  const [route] = parseRoutes({
    namespace: "test",
    routes: [
      {
        path: "/:kind/:id/*",
        ttl: 1,
        tags: ({ parameters }) => [`${parameters.kind} ${parameters.id}`],
        key: ({ parameters }) => parameters.kind ?? "",
      },
    ],
  });
  const at = (url: string): PageRequest => ({ method: "GET", url, scheme: "http", host: "", header: () => undefined });
  expect(route!.tagsOf(at("/shoes/4%202/x?id=3"))).toEqual(["shoes 4 2"]);
  expect(route!.tagsOf(at("/shoes/%zz/x"))).toEqual(["shoes %zz"]);
  expect(route!.extraKeyOf(at("/shoes/42/x"))).toBe("shoes");
});

test.each([
  ["/shoes/:id", "/shoes/42", true],
  ["/shoes/:id", "/shoes/", false],
  ["/shoes/:id", "/shoes/42/reviews", false],
  ["/shoes/*", "/shoes/42/reviews", true],
  ["/shoes/*", "/shoesx", false],
  ["/*", "/", true],
  ["/a.b", "/axb", false],
])("%s and %s: %p", (path, url, expected) => {
  const [route] = parseRoutes({ namespace: "test", routes: [{ path, ttl: 1 }] });
  expect(route!.matches({ method: "GET", url: `${url}?q`, scheme: "http", host: "", header: () => undefined })).toBe(
    expected,
  );
});
