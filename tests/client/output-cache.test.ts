/** The output cache over several processes, and when its server or a handler is in trouble. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { connect, type Server } from "../../packages/client/index.ts";
import {
  fetchOutputCache,
  type OutputCache,
  type OutputCacheEvent,
  type OutputCacheOptions,
  outputCache,
} from "../../packages/client/output-cache/index.ts";
import { type CacheServer, startCacheServer } from "../fixture/cache-server.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { until } from "../fixture/until.ts";

const program = join(import.meta.dirname, "../fixture/output-cache-site.ts");

interface SiteProcess {
  url: string;
  stop(): Promise<void>;
}

async function startSite(engine: CacheServer, namespace: string): Promise<SiteProcess> {
  const running = Bun.spawn([process.execPath, program, engine.url, namespace], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const { value } = await running.stdout.getReader().read();
  return {
    url: Buffer.from(value ?? [])
      .toString()
      .trim(),
    async stop() {
      running.kill("SIGKILL");
      await running.exited;
    },
  };
}

let engine: CacheServer;
let server: Server;
let pages: OutputCache;
const events: OutputCacheEvent[] = [];

function open(options: Partial<OutputCacheOptions> = {}): OutputCache {
  pages = outputCache({ server, namespace: "site:v1", routes: [{ path: "/*", ttl: "1m" }], ...options });
  pages.on((event) => events.push(event));
  return pages;
}

describe.skipIf(!hasValkey)("an output cache", () => {
  beforeEach(async () => {
    engine = await startCacheServer();
    server = connect(engine.url);
    events.length = 0;
  });
  afterEach(async () => {
    pages?.close();
    server.close();
    await engine.stop();
  });

  test("renders once for all processes, and a purge in one is one in all", async () => {
    const sites = await Promise.all([startSite(engine, "site:v1"), startSite(engine, "site:v1")]);
    const read = (path: string) => Promise.all(sites.map(async (site) => (await fetch(site.url + path)).text()));
    const renderings = async () => (await read("/renderings")).reduce((sum, each) => sum + Number(each), 0);
    try {
      const many = await Promise.all(Array.from({ length: 25 }, () => read("/pages/one")));
      expect(new Set(many.flat()).size).toBe(1);
      expect(await renderings()).toBe(1);
      const purger = open();
      for (const target of [{ tags: ["pages"] }, { path: "/pages" }, { url: "/pages/one" }]) {
        const [before] = await read("/pages/one");
        expect(await purger.purge(target)).toBe(true);
        await until("no process serves it any more", async () => !(await read("/pages/one")).includes(before!));
        const [left, right] = await read("/pages/one");
        expect(left).toBe(right!);
      }
    } finally {
      await Promise.all(sites.map((site) => site.stop()));
    }
  });

  test("a page that is purged while it is rendered is not kept", async () => {
    let release = () => {};
    let count = 0;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const handler = fetchOutputCache(open(), async () => {
      const number = ++count;
      if (number === 1) await released;
      return new Response(`page ${number}`);
    });
    const first = handler(new Request("http://site/a"));
    await until("it is rendered", () => count === 1);
    await pages.purge({ path: "/a" });
    release();
    expect(await (await first).text()).toBe("page 1");
    expect(await (await handler(new Request("http://site/a"))).text()).toBe("page 2");
  });

  test.each(["killed", "frozen"])(
    "the handler answers while the server is %s, and pages are kept again after",
    async (how) => {
      let count = 0;
      const handler = fetchOutputCache(open({ serverTimeout: 50 }), () => new Response(`page ${++count}`));
      const ask = async (path: string) => (await handler(new Request(`http://site${path}`))).text();
      if (how === "killed") await engine.kill();
      else engine.freeze();
      for (let round = 1; round <= 3; round++) expect(await ask("/a")).toBe(`page ${round}`);
      expect(await pages.purge({ path: "/a" })).toBe(false);
      if (how === "killed") await engine.restart();
      else engine.thaw();
      await until("a page is kept", async () => {
        const before = await ask("/b");
        return before === (await ask("/b"));
      });
    },
  );

  test("without a server pages are kept in the process", async () => {
    let count = 0;
    pages = outputCache({ namespace: "site:v1", routes: [{ path: "/*", ttl: "1m" }] });
    const handler = fetchOutputCache(pages, () => new Response(`page ${++count}`));
    const ask = async () => (await handler(new Request("http://site/a"))).text();
    expect([await ask(), await ask()]).toEqual(["page 1", "page 1"]);
    await pages.purge({ path: "/" });
    expect(await ask()).toBe("page 2");
  });

  test("who has waited long enough for another's page has the handler of its own; rendering without end is not kept", async () => {
    const ends: (() => void)[] = [];
    const handler = fetchOutputCache(open({ waitTimeout: "50ms", renderTimeout: "1s" }), (request) =>
      request.headers.get("x-own") === null
        ? new Promise<Response>((_, reject) => {
            request.signal.addEventListener("abort", () => reject(request.signal.reason));
            ends.push(() => reject(new Error("ended")));
          })
        : new Response("own"),
    );
    const ask = () => handler(new Request("http://site/slow", { headers: { "x-own": "1" } }));
    const first = ask();
    await until("it is being rendered", () => ends.length === 1);
    expect((await ask()).headers.get("cache-status")).toBe('larder; fwd=miss; detail="waited too long"');
    expect(await (await first).text()).toBe("own");
    expect(ends.length).toBe(1);
    await until("it is known", () => events.some((event) => event.type === "trouble" && event.what === "render"));
  });

  test("in front of another one it does not wait for itself", async () => {
    const inner = fetchOutputCache(open(), () => new Response("page"));
    const handler = fetchOutputCache(pages, inner);
    expect(await (await handler(new Request("http://site/a"))).text()).toBe("page");
  });

  test("corrupt bytes are no page", async () => {
    let count = 0;
    const ask = async () =>
      (
        await fetchOutputCache(
          open({ firstLevel: false }),
          () => new Response(`page ${++count}`),
        )(new Request("http://site/a"))
      ).text();
    expect(await ask()).toBe("page 1");
    expect(await ask()).toBe("page 1");
    const keys = (await server.main.ask(["KEYS", "*page@*"])) as string[];
    const strings = keys.filter((key) => !key.includes("#"));
    expect(strings.length).toBeGreaterThan(0);
    for (const key of strings) await server.main.ask(["SETRANGE", key, "60", "\0\0\0\0\0\0\0\0"]);
    expect(await ask()).toBe("page 2");
  });

  test("what a route's own functions throw leaves the request to the handler", async () => {
    const tags = () => {
      throw new Error("no tags");
    };
    const handler = fetchOutputCache(open({ routes: [{ path: "/*", ttl: "1m", tags }] }), () => new Response("page"));
    expect(await (await handler(new Request("http://site/a"))).text()).toBe("page");
    expect(events).toContainEqual(expect.objectContaining({ type: "trouble", what: "cache" }));
  });

  test("hosts have pages of their own, and others none", async () => {
    const handler = fetchOutputCache(
      open({ hosts: ["a.example", "b.example"] }),
      (request) => new Response(`at ${request.headers.get("host") ?? new URL(request.url).host}`),
    );
    const ask = async (host: string) => {
      const response = await handler(new Request(`http://${host}/`));
      return [await response.text(), response.headers.get("cache-status")];
    };
    for (const host of ["a.example", "b.example"]) {
      expect((await ask(host))[0]).toBe(`at ${host}`);
      expect((await ask(host))[1]).toStartWith("larder; hit");
    }
    expect(await ask("evil.example")).toEqual(["at evil.example", 'larder; fwd=bypass; detail="host"']);
    await pages.purge({ url: "http://a.example/" });
    expect([(await ask("a.example"))[1], (await ask("b.example"))[1]]).toEqual([
      "larder; fwd=miss; stored",
      expect.stringContaining("hit"),
    ]);
  });
});
