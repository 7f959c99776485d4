/** Channels over WebSockets: by `ws`, by web-standard sockets and by Bun's server. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { connect, type Server } from "../../packages/client/index.ts";
import {
  type Channel,
  createChannel,
  type WebSocketBridge,
  webSockets,
} from "../../packages/client/messaging/index.ts";
import { type CacheServer, startCacheServer } from "../fixture/cache-server.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { until } from "../fixture/until.ts";

interface Heard {
  id?: string;
  data?: unknown;
  gap?: unknown;
  ping?: true;
}
type Serve = (bridge: WebSocketBridge) => Promise<{ url: string; stop(): void }>;

const kinds: [string, Serve][] = [
  ["ws", (bridge) => byWs((socket, request) => bridge.accept(socket, request))],
  [
    "a web-standard socket",
    (bridge) =>
      byWs((socket, request) => {
        // As far as the bridge can see: no pings, no events but the standard's.
        const standard = {
          get readyState() {
            return socket.readyState;
          },
          get bufferedAmount() {
            return socket.bufferedAmount;
          },
          send: (text: string) => socket.send(text),
          close: (code?: number, reason?: string) => socket.close(code, reason),
          addEventListener: socket.addEventListener.bind(socket) as (
            type: string,
            listener: (event: unknown) => void,
          ) => void,
        };
        bridge.accept(standard, new Request(`http://host${request.url}`));
      }),
  ],
  ["Bun's server", async (bridge) => byBun(bridge)],
];

describe.skipIf(!hasValkey)("web sockets", () => {
  let engine: CacheServer;
  let server: Server;
  let news: Channel<unknown>;
  const ended: (() => void)[] = [];

  beforeEach(async () => {
    engine = await startCacheServer();
    server = connect(engine.url);
    news = createChannel("news", { server });
  });
  afterEach(async () => {
    for (const end of ended.splice(0)) end();
    server.close();
    await engine.stop();
  });

  async function start(bridge: WebSocketBridge, serve: Serve = kinds[0]?.[1] as Serve): Promise<string> {
    const web = await serve(bridge);
    ended.push(() => {
      bridge.close();
      web.stop();
    });
    return web.url;
  }

  test.each(kinds)(
    "by %s: heard, and resumed after the last id, said in a message or the address",
    async (_, serve) => {
      const bridge = webSockets(news, { heartbeat: 30 });
      const url = await start(bridge, serve);
      const first = join(url, null);
      await until("it knows where it is", () => first.heard.some(({ id }) => id !== undefined));
      await news.publish("ä 1");
      await until("it is heard", () => first.data().length === 1);
      const beats = first.heard.length;
      await Bun.sleep(200);
      expect(first.socket.readyState).toBe(WebSocket.OPEN);
      if (serve === kinds[1]?.[1]) expect(first.heard.length).toBeGreaterThan(beats);
      first.socket.close();
      await until("the bridge knows", () => bridge.clientCount === 0);
      await news.publish(2);
      const lastId = first.heard.findLast(({ id }) => id !== undefined)?.id as string;
      const again = join(url, lastId);
      const byAddress = join(`${url}?lastEventId=${lastId}`, undefined);
      await until("both have heard", () => again.data().length === 1 && byAddress.data().length === 1);
      await news.publish(3);
      await until("both have heard", () => again.data().length === 2 && byAddress.data().length === 2);
      expect([again.data(), byAddress.data()]).toEqual([
        [2, 3],
        [2, 3],
      ]);
    },
  );

  test("what browsers send comes to the application; nonsense closes, as does what the application throws", async () => {
    const heard: unknown[] = [];
    const bridge = webSockets(news, {
      onMessage: (message) => {
        if (message === "break") throw new Error("secret");
        heard.push(message);
      },
    });
    const url = await start(bridge);
    const [good, broken, failing, long] = [join(url, null), join(url, null), join(url, null), join(url, null)];
    await until("all are there", () => [good, broken, failing, long].every(({ heard }) => heard.length > 0));
    good.socket.send('{"say":"hello"}');
    broken.socket.send("{");
    failing.socket.send('"break"');
    long.socket.send(JSON.stringify("x".repeat(70_000)));
    await until("they are closed", () => [broken, failing, long].every(({ code }) => code() !== undefined));
    expect([broken.code(), failing.code(), long.code()]).toEqual([1007, 1011, 1009]);
    expect(heard).toEqual([{ say: "hello" }]);
  });

  test("who may not is closed, as is one too many", async () => {
    const bridge = webSockets(news, { authorize: ({ url }) => url.searchParams.has("user"), clientsMax: 1 });
    const url = await start(bridge);
    const stranger = join(url, null);
    await until("it is closed", () => stranger.code() !== undefined);
    const user = join(`${url}?user`, null);
    await until("it hears", () => user.heard.length > 0);
    const second = join(`${url}?user`, null);
    await until("it is closed", () => second.code() !== undefined);
    expect([stranger.code(), user.code(), second.code()]).toEqual([1008, undefined, 1013]);
  });

  test("a client that answers no pings is closed", async () => {
    const bridge = webSockets(news, { heartbeat: 20 });
    join(await start(bridge, kinds[1]?.[1] as Serve), null, false);
    await until("it has come", () => bridge.clientCount === 1);
    await until("it is closed", () => bridge.clientCount === 0);
  });

  test("what a client does not take waits in the channel, not here", async () => {
    const wide = createChannel<unknown>("wide", { server });
    const bridge = webSockets(wide, { clientBytesMax: 1_000 });
    const buffered: number[] = [];
    const url = await start(bridge, (served) =>
      byWs((socket, request) => {
        const send = socket.send.bind(socket);
        socket.send = (text: string) => {
          buffered.push(socket.bufferedAmount);
          send(text);
        };
        served.accept(socket, request);
      }),
    );
    const client = join(url, null);
    await until("it hears", () => client.heard.length > 0);
    const text = "x".repeat(100_000);
    await Promise.all(Array.from({ length: 100 }, (_, number) => wide.publish({ number, text })));
    await until("it has all", () => client.data().length === 100);
    expect(client.data().map((data) => (data as { number: number }).number)).toEqual(
      Array.from({ length: 100 }, (_, n) => n),
    );
    expect(Math.max(...buffered)).toBeLessThan(400_000);
  });
});

function join(url: string, after: string | null | undefined, answersPings = true) {
  const socket = new WebSocket(url);
  const heard: Heard[] = [];
  let code: number | undefined;
  socket.addEventListener("open", () => after !== undefined && socket.send(JSON.stringify({ after })));
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data)) as Heard;
    heard.push(message);
    if (message.ping && answersPings) socket.send('{"pong":true}');
  });
  socket.addEventListener("close", (event) => {
    code = event.code;
  });
  const data = () => heard.filter((message) => "data" in message).map((message) => message.data);
  return { socket, heard, data, code: () => code };
}

async function byWs(accept: (socket: import("ws").WebSocket, request: import("node:http").IncomingMessage) => void) {
  const web = createServer();
  const sockets = new WebSocketServer({ server: web });
  sockets.on("connection", accept);
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  const { port } = web.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}/`,
    stop() {
      for (const socket of sockets.clients) socket.terminate();
      web.close();
    },
  };
}

function byBun(bridge: WebSocketBridge) {
  const web = Bun.serve<{ request: Request }>({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request, server) {
      if (!server.upgrade(request, { data: { request } })) return new Response("no", { status: 400 });
    },
    websocket: bridge.bun,
  });
  return { url: `ws://127.0.0.1:${web.port}/`, stop: () => void web.stop(true) };
}
