/** The output cache in front of real frameworks, on a real server: the same rules in each. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { connect, type Server } from "../../packages/client/index.ts";
import { type OutputCache, type OutputCacheEvent, outputCache } from "../../packages/client/output-cache/index.ts";
import { type CacheServer, startCacheServer } from "../fixture/cache-server.ts";
import { frameworks, type Given, type Handler, type Site } from "../fixture/cached-sites.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { until } from "../fixture/until.ts";

describe.skipIf(!hasValkey).each(Object.keys(frameworks))("%s", (name) => {
  let engine: CacheServer;
  let server: Server;
  let pages: OutputCache;
  let site: Site;
  let handler: Handler;
  let rendered: string[];
  const events: OutputCacheEvent[] = [];

  beforeAll(async () => {
    engine = await startCacheServer();
    server = connect(engine.url);
  });
  afterAll(async () => {
    server.close();
    await engine.stop();
  });

  beforeEach(async () => {
    rendered = [];
    events.length = 0;
    handler = () => ({ headers: { "content-type": "text/plain" }, body: `page ${rendered.length}` });
    pages = outputCache({
      server,
      namespace: `pages:${crypto.randomUUID()}`,
      bodyBytesMax: 100_000,
      routes: [
        { path: "/private/*", ttl: "1m", signedIn: "anonymous", setCookie: "drop" },
        { path: "/brief", ttl: "60ms", staleWhileRevalidate: "1m", staleIfError: "2m" },
        { path: "/frail", ttl: "60ms", staleIfError: "1m" },
        { path: "/*", ttl: "1m", tags: ["all"], vary: { cookies: ["theme"] } },
      ],
    });
    pages.on((event) => events.push(event));
    site = await frameworks[name]!(pages, (asked) => {
      rendered.push(asked.url);
      return handler(asked);
    });
  });
  afterEach(async () => {
    await site.stop();
    pages.close();
  });

  const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
    fetch(site.url + path, { headers, method, redirect: "manual" });
  const text = async (path: string, headers: Record<string, string> = {}) => (await get(path, headers)).text();

  test("a page is rendered once; then with Age, an entity tag and Cache-Status; HEAD from the same", async () => {
    const first = await get("/shoes?b=2&a=1");
    expect(first.headers.get("cache-status")).toBe("larder; fwd=miss; stored");
    expect(await first.text()).toBe("page 1");
    const second = await get("/shoes?a=1&b=2");
    expect(await second.text()).toBe("page 1");
    expect(second.headers.get("cache-status")).toMatch(/^larder; hit; ttl=\d+$/);
    expect(second.headers.get("age")).toBe("0");
    expect(second.headers.get("vary")).toBe("accept-encoding, cookie");
    const head = await get("/shoes?a=1&b=2", {}, "HEAD");
    expect([head.status, await head.text(), head.headers.get("content-length")]).toEqual([200, "", "6"]);
    const etag = second.headers.get("etag")!;
    const same = await get("/shoes?a=1&b=2", { "if-none-match": `"x", W/${etag}` });
    expect([same.status, await same.text(), same.headers.get("etag")]).toEqual([304, "", etag]);
    expect(rendered).toEqual(["/shoes?a=1&b=2"]);
  });

  test("one rendering for many at once, and its body streams to the first", async () => {
    let finish = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    handler = () => ({
      headers: { "content-type": "text/plain" },
      body: (async function* () {
        yield "begin ";
        await finished;
        yield "end";
      })(),
    });
    const first = await get("/stream");
    const reader = first.body!.getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe("begin ");
    const others = Array.from({ length: 10 }, () => text("/stream"));
    await until("they wait", () => Bun.sleep(20).then(() => true));
    finish();
    expect(new Set(await Promise.all(others))).toEqual(new Set(["begin end"]));
    expect(Buffer.from((await reader.read()).value!).toString()).toBe("end");
    expect(rendered.length).toBe(1);
  });

  test("the first client's going away does not end the rendering", async () => {
    let finish = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    handler = () => ({
      body: (async function* () {
        yield "begin ";
        await finished;
        yield "end";
      })(),
    });
    const leaving = new AbortController();
    const first = await fetch(`${site.url}/left`, { signal: leaving.signal });
    await first.body!.getReader().read();
    leaving.abort();
    const other = text("/left");
    finish();
    expect(await other).toBe("begin end");
    expect(await text("/left")).toBe("begin end");
    expect(rendered.length).toBe(1);
  });

  test("what breaks midway is never kept", async () => {
    handler = () => ({
      headers: { "content-type": "text/plain" },
      body: (async function* () {
        yield "begin";
        await Bun.sleep(5);
        throw new Error("broken");
      })(),
    });
    await expect(text("/broken")).rejects.toThrow();
    await until("it is known", () => events.some((event) => event.type === "trouble" && event.what === "render"));
    handler = () => ({ body: "whole" });
    expect(await text("/broken")).toBe("whole");
  });

  test("a long body is streamed on and not kept", async () => {
    handler = () => ({
      body: (async function* () {
        for (let index = 0; index < 30; index++) yield "x".repeat(10_000);
      })(),
    });
    for (let round = 1; round <= 2; round++) expect((await text("/long")).length).toBe(300_000);
    expect(rendered.length).toBe(2);
    expect(events).toContainEqual(expect.objectContaining({ what: "body too long" }));
  });

  test.each<[string, Given]>([
    ["cookies", { headers: { "set-cookie": "a=b" }, body: "own" }],
    ["private", { headers: { "cache-control": "private" }, body: "own" }],
    ["a redirect for now", { status: 302, headers: { location: "/x" }, body: "own" }],
    ["Vary: *", { headers: { vary: "*" }, body: "own" }],
    ["an error", { status: 500, body: "own" }],
  ])("a response with %s is not kept, and comes from the client's own request", async (_, given) => {
    const seen: (string | undefined)[] = [];
    handler = ({ header }) => {
      seen.push(header("x-own"));
      return given;
    };
    for (let round = 0; round < 3; round++) {
      const response = await get("/own", { "x-own": String(round) });
      expect([response.status, await response.text()]).toEqual([given.status ?? 200, "own"]);
      expect(response.headers.get("cache-status")).toMatch(/^larder; fwd=miss; detail=/);
    }
    expect(seen).toEqual([undefined, "0", "1", "2"]);
  });

  test("requests of others' business reach the handler as they are", async () => {
    handler = ({ header }) => ({ body: header("cookie") ?? header("authorization") ?? header("range") ?? "none" });
    for (const [headers, body] of [
      [{ cookie: "connect.sid=1" }, "connect.sid=1"],
      [{ authorization: "Bearer x" }, "Bearer x"],
      [{ range: "bytes=0-1" }, "bytes=0-1"],
      [{ "cache-control": "no-store" }, "none"],
    ] as const)
      for (let round = 0; round < 2; round++) expect(await text("/pass", headers)).toBe(body);
    expect(rendered.length).toBe(8);
    expect((await get("/pass", {}, "POST")).headers.get("cache-status")).toBe('larder; fwd=bypass; detail="method"');
  });

  test("a header that is not in the key cannot poison a page; a cookie that is tells pages apart", async () => {
    handler = ({ header }) => ({
      body: `${header("host")} ${header("x-forwarded-host")} ${header("cookie")} ${header("user-agent")}`,
    });
    const poisoned = { "x-forwarded-host": "evil.example", host: "evil.example", "user-agent": "evil" };
    expect(await text("/safe", poisoned)).toBe("localhost undefined undefined undefined");
    expect(await text("/safe", { cookie: "theme=dark; other=1" })).toBe("localhost undefined theme=dark undefined");
    expect(await text("/safe")).toBe("localhost undefined undefined undefined");
    expect(rendered.length).toBe(2);
  });

  test("who is signed in gets what everybody gets where that was told, without cookies", async () => {
    handler = ({ header }) => ({ headers: { "set-cookie": "sid=new" }, body: `for ${header("cookie") ?? "all"}` });
    for (const cookie of ["sid=one", "sid=two"]) {
      const response = await get("/private/x", { cookie, authorization: "Bearer x" });
      expect([await response.text(), response.headers.get("set-cookie")]).toEqual(["for all", null]);
    }
    expect(rendered.length).toBe(1);
  });

  test("a Vary that the route does not know is honoured", async () => {
    handler = ({ header }) => ({ headers: { vary: "X-Country" }, body: `in ${header("x-country")}` });
    for (let round = 0; round < 2; round++)
      for (const country of ["AT", "DE"]) expect(await text("/vary", { "x-country": country })).toBe(`in ${country}`);
    expect(rendered.length).toBe(3);
  });

  test("a stale page is served while it is rendered anew, without a client", async () => {
    expect(await text("/brief")).toBe("page 1");
    await Bun.sleep(400);
    const stale = await get("/brief");
    expect(stale.headers.get("cache-status")).toMatch(/^larder; hit; ttl=-/);
    expect(await stale.text()).toBe("page 1");
    await until("the new one is there", async () => (await text("/brief")) !== "page 1");
  });

  test("a stale page is served when rendering fails, and no longer when it may not be", async () => {
    const page = await text("/frail");
    await Bun.sleep(400);
    handler = () => ({ status: 503, body: "down" });
    expect(await text("/frail")).toBe(page);
    expect(await text("/other")).toBe("down");
    handler = () => ({ body: "up" });
    await until("it is rendered again", async () => (await text("/frail")) === "up");
  });

  test("a client may want it anew, or only if it is there", async () => {
    expect((await get("/wish", { "cache-control": "only-if-cached" })).status).toBe(504);
    expect(await text("/wish")).toBe("page 1");
    expect(await text("/wish", { "cache-control": "only-if-cached" })).toBe("page 1");
    expect(await text("/wish", { "cache-control": "no-cache" })).toBe("page 2");
    expect(await text("/wish")).toBe("page 2");
    expect(await text("/wish", { "cache-control": "max-age=60" })).toBe("page 2");
  });

  test("purged by tag, by path and by URL", async () => {
    for (const path of ["/a", "/a/b", "/a/b?x=1", "/ab"]) await text(path);
    const isKept = async (path: string) => (await get(path)).headers.get("cache-status")?.includes("hit") ?? false;
    expect(await pages.purge({ url: "/a/b?x=1" })).toBe(true);
    expect(await isKept("/a/b")).toBe(true);
    expect(await isKept("/a/b?x=1")).toBe(false);
    await pages.purge({ path: "/a" });
    expect(await isKept("/ab")).toBe(true);
    expect([await isKept("/a"), await isKept("/a/b")]).toEqual([false, false]);
    await pages.purge({ tags: ["all"] });
    expect([await isKept("/ab"), await isKept("/a")]).toEqual([false, false]);
  });

  test("a write with success ends what is kept of its page, and one without does not", async () => {
    await text("/written?x=1");
    handler = () => ({ status: 500, body: "no" });
    await get("/written?x=1", {}, "POST");
    handler = () => ({ status: 204 });
    expect(await text("/written?x=1")).toBe("page 1");
    expect((await get("/written?x=1", {}, "DELETE")).status).toBe(204);
    handler = () => ({ body: "new" });
    expect(await text("/written?x=1")).toBe("new");
  });

  test("compressed once, in the background, for those who take it; no-transform is obeyed", async () => {
    const body = "shoes ".repeat(1_000);
    handler = ({ url }) => ({
      headers: { "content-type": "text/html", ...(url === "/plain" ? { "cache-control": "no-transform" } : {}) },
      body,
    });
    for (const coding of ["br", "gzip"]) {
      await until(`there is ${coding}`, async () => {
        const response = await get("/coded", { "accept-encoding": `${coding}, identity;q=0.5` });
        expect(await response.text()).toBe(body);
        return response.headers.get("content-encoding") === coding;
      });
      const response = await get("/coded", { "accept-encoding": coding });
      const etag = response.headers.get("etag")!;
      expect(etag).toEndWith(`-${coding}"`);
      expect(Number(response.headers.get("content-length"))).toBeLessThan(200);
      expect((await get("/coded", { "if-none-match": etag, "accept-encoding": "identity" })).status).toBe(304);
    }
    for (let round = 0; round < 5; round++)
      expect((await get("/plain", { "accept-encoding": "br" })).headers.get("content-encoding")).toBe(null);
    expect(rendered.length).toBe(2);
  });

  test("a fragment is rendered once, and purged", async () => {
    let count = 0;
    const nav = () => pages.fragment(["nav", "de"], async () => `<nav>${++count}</nav>`, { ttl: "1m", tags: ["nav"] });
    expect(await Promise.all([nav(), nav()])).toEqual(["<nav>1</nav>", "<nav>1</nav>"]);
    await pages.purge({ tags: ["nav"] });
    expect(await nav()).toBe("<nav>2</nav>");
    await pages.purge({ fragment: "nav:de" });
    expect(await nav()).toBe("<nav>3</nav>");
    await expect(pages.fragment("bad", () => 7 as never)).rejects.toThrow(TypeError);
  });
});
