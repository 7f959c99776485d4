/** Channels as server-sent events: through each kind of server, and through every kind of trouble. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import Fastify from "fastify";
import { Hono } from "hono";
import { connect, type Server } from "../../packages/client/index.ts";
import { type Channel, createChannel, type SseBridge, sse } from "../../packages/client/messaging/index.ts";
import { type CacheServer, startCacheServer } from "../fixture/cache-server.ts";
import { EventReader } from "../fixture/event-reader.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { until } from "../fixture/until.ts";

type Web = { url: string; stop(): Promise<void> };

const kinds: [string, (bridge: SseBridge) => Promise<Web>][] = [
  ["node:http", (bridge) => listen(createServer((request, response) => void bridge.node(request, response)))],
  ["Express", (bridge) => listen(createServer(express().get("/", bridge.node)))],
  ["Fastify", serveByFastify],
  ["Hono", async (bridge) => serve(new Hono().get("/", (context) => bridge.fetch(context.req.raw)).fetch)],
];

describe.skipIf(!hasValkey)("server-sent events", () => {
  let engine: CacheServer;
  let server: Server;
  let news: Channel<unknown>;
  const ended: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    engine = await startCacheServer({ args: ["--appendonly", "yes", "--appendfsync", "always"] });
    server = connect(engine.url);
    news = createChannel("news", { server, history: { length: 20_000 } });
  });
  afterEach(async () => {
    for (const end of ended.splice(0)) await end();
    server.close();
    await engine.stop();
  });

  async function start(bridge: SseBridge, by = kinds[0]?.[1]): Promise<string> {
    const web = await (by as (bridge: SseBridge) => Promise<Web>)(bridge);
    ended.push(async () => {
      bridge.close();
      await web.stop();
    });
    return web.url;
  }

  async function readers(url: string, count: number): Promise<EventReader[]> {
    const all = Array.from({ length: count }, () => new EventReader(url));
    await Promise.all(all.map((reader) => reader.connect()));
    await until("all know where they are", () => all.every((reader) => reader.lastId !== ""));
    return all;
  }

  test.each(kinds)("by %s: heard, and resumed after the last id", async (_, by) => {
    const bridge = sse(news);
    const [reader = new EventReader("")] = await readers(await start(bridge, by), 1);
    await news.publish({ text: "ä\n1" });
    await until("it is heard", () => reader.data.length === 1);
    reader.cut();
    await until("the bridge knows", () => bridge.clientCount === 0);
    await news.publish(2);
    await reader.connect();
    await news.publish(3);
    await until("all are heard", () => reader.data.length === 3);
    expect(reader.data).toEqual([{ text: "ä\n1" }, 2, 3]);
  });

  test("200 clients that all come back at once get each message once and in order, by few reads of the history", async () => {
    const bridge = sse(news);
    const all = await readers(await start(bridge), 200);
    const numbers = Array.from({ length: 1_600 }, (_, index) => index);
    await Promise.all(numbers.slice(0, 100).map((number) => news.publish(number)));
    await until("all have heard", () => all.every((reader) => reader.events.length === 100));
    for (const reader of all) reader.cut();
    await until("the bridge knows", () => bridge.clientCount === 0);
    await Promise.all(numbers.slice(100, 1_500).map((number) => news.publish(number)));
    await server.main.ask(["CONFIG", "RESETSTAT"]);
    const returning = Promise.all(all.map((reader) => reader.connect()));
    for (const number of numbers.slice(1_500)) await news.publish(number);
    await returning;
    await until("all have heard all", () => all.every((reader) => reader.events.length >= 1_600));
    for (const reader of all) expect(reader.data).toEqual(numbers);
    const reads = Number(
      /cmdstat_xrange:calls=(\d+)/.exec(String(await server.main.ask(["INFO", "commandstats"])))?.[1],
    );
    // 16 messages a call; each client for itself would make 20,000.
    expect(reads).toBeLessThan(1_000);
  }, 20_000);

  test("clients stay through a restart of the cache server, and miss nothing", async () => {
    const all = await readers(await start(sse(news)), 5);
    await news.publish(1);
    await until("it is heard", () => all.every((reader) => reader.data.length === 1));
    await engine.restart();
    await until("it can be published to", () => news.publish(2).then(() => true));
    await until("all have heard", () => all.every((reader) => reader.data.includes(2)));
    expect(all.every((reader) => reader.isOpen)).toBe(true);
    expect(all.map((reader) => reader.data)).toEqual(Array.from({ length: 5 }, () => [1, 2]));
  });

  test("a client that takes nothing keeps nobody waiting, gets all when it goes on, and is closed when it does not", async () => {
    const bridge = sse(news, { heartbeat: 50, stall: "1s" });
    const [slow = new EventReader(""), fast = new EventReader("")] = await readers(await start(bridge), 2);
    slow.pause();
    const text = "x".repeat(50_000);
    await Promise.all(Array.from({ length: 200 }, (_, number) => news.publish({ number, text })));
    await until("the fast one has all", () => fast.data.length === 200);
    await until("the slow one is closed", () => bridge.clientCount === 1);
    slow.cut();
    await slow.connect();
    await until("the slow one has all", () => slow.data.length >= 200);
    expect(slow.data.map((data) => (data as { number: number }).number)).toEqual(
      Array.from({ length: 200 }, (_, n) => n),
    );
  });

  test("trimmed history is an event, told once", async () => {
    const brief = createChannel<number>("brief", { server, history: { length: 1 } });
    const first = await brief.publish(0);
    await Promise.all(Array.from({ length: 299 }, (_, index) => brief.publish(index + 1)));
    const reader = new EventReader(`${await start(sse(brief))}?lastEventId=${first}`);
    await reader.connect();
    await until("all that is left is heard", () => reader.data.at(-1) === 299);
    expect(reader.events[0]).toMatchObject({ type: "gap" });
    reader.cut();
    await reader.connect();
    await brief.publish(300);
    await until("the next is heard", () => reader.data.at(-1) === 300);
    expect(reader.events.filter(({ type }) => type === "gap")).toHaveLength(1);
  });

  test("who may not is refused, as is one too many; a channel is chosen by the request", async () => {
    const bridge = sse(({ url }) => (url.searchParams.get("channel") === "news" ? news : null), {
      authorize: ({ url }) => {
        if (url.searchParams.has("broken")) throw new Error("secret");
        return url.searchParams.has("user");
      },
      clientsMax: 1,
    });
    const url = await start(bridge);
    const status = async (query: string) => {
      const reader = new EventReader(`${url}?${query}`);
      await reader.connect();
      return reader.status;
    };
    expect(await status("")).toBe(403);
    expect(await status("broken")).toBe(500);
    expect(await status("user&channel=other")).toBe(404);
    expect(await status("user&channel=news&lastEventId=no-id")).toBe(200);
    expect(await status("user&channel=news")).toBe(503);
  });

  test("heartbeats keep a silent response going", async () => {
    const url = await start(sse(news, { heartbeat: 20 }));
    const response = await fetch(url);
    let text = "";
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += new TextDecoder().decode(chunk);
      if (text.includes("\n\n:\n\n")) break;
    }
    expect(text).toStartWith("retry: ");
  });
});

async function listen(web: ReturnType<typeof createServer>): Promise<Web> {
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(web.address() as AddressInfo).port}/`,
    async stop() {
      web.closeAllConnections();
      web.close();
    },
  };
}

async function serveByFastify(bridge: SseBridge): Promise<Web> {
  const fastify = Fastify({ forceCloseConnections: true });
  fastify.get("/", bridge.fastify);
  const address = await fastify.listen({ host: "127.0.0.1", port: 0 });
  return { url: `${address}/`, stop: () => fastify.close() };
}

function serve(fetch: (request: Request) => Response | Promise<Response>): Web {
  const web = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch });
  return { url: web.url.href, stop: () => web.stop(true) };
}
