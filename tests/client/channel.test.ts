/** Channels: order and completeness through lost connections and servers, by each library. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { type Server, serverOf } from "../../packages/client/connection/server.ts";
import { connect, type ServerLike } from "../../packages/client/index.ts";
import { type ChannelOptions, createChannel, type Gap, type Message } from "../../packages/client/messaging/index.ts";
import { type CacheServer, startCacheServer } from "../fixture/cache-server.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { until } from "../fixture/until.ts";

const libraries: [string, (url: string) => ServerLike][] = [
  ["redis", (url) => createClient({ url })],
  ["ioredis", (url) => new Redis(url, { lazyConnect: true })],
];

describe.skipIf(!hasValkey).each(libraries)("channels by %s", (_, like) => {
  let engine: CacheServer;
  let server: Server;

  beforeEach(async () => {
    engine = await startCacheServer({ args: ["--appendonly", "yes", "--appendfsync", "always"] });
    server = serverOf(like(engine.url));
  });
  afterEach(async () => {
    server.close();
    await engine.stop();
  });

  const channel = (history: ChannelOptions["history"] = {}) => createChannel<number>("news", { server, history });

  function record(on = channel(), from = "now") {
    const heard: number[] = [];
    const messages: Message<number>[] = [];
    const gaps: Gap[] = [];
    const subscription = on.subscribe(
      (number, message) => {
        heard.push(number);
        messages.push(message);
      },
      { from, onGap: (gap) => gaps.push(gap) },
    );
    return { heard, messages, gaps, subscription };
  }

  test("what is published after ready is heard, by all and in order; from the beginning, and after a message", async () => {
    const first = record();
    await first.subscription.ready;
    for (let number = 0; number < 500; number++) void channel().publish(number);
    await until("all are heard", () => first.heard.length === 500);
    expect(first.heard).toEqual(Array.from({ length: 500 }, (_, index) => index));
    const again = record(channel(), "beginning");
    const rest = record(channel(), first.messages[397]?.id as string);
    await until("they are heard again", () => again.heard.length === 500 && rest.heard.length === 102);
    expect(again.messages).toEqual(first.messages);
    expect(rest.heard[0]).toBe(398);
    expect([...first.gaps, ...again.gaps, ...rest.gaps]).toEqual([]);
  });

  test("connections are killed and the server is restarted while another process publishes: each once, in order", async () => {
    const live = record(channel(), "beginning");
    await live.subscription.ready;
    const publisher = startPublisher(engine.url);
    await until("messages come", () => live.heard.length > 20);
    for (const type of ["pubsub", "normal", "pubsub"]) {
      const before = live.heard.length;
      await server.main.ask(["CLIENT", "KILL", "TYPE", type, "SKIPME", "no"]).catch(() => {});
      await until("messages come again", () => live.heard.length > before + 20);
    }
    const before = live.heard.length;
    await engine.restart();
    await until("messages come again", () => live.heard.length > before + 50);
    const acknowledged = await publisher.stop();
    await until("all are heard", () => live.heard.at(-1) === acknowledged.at(-1));
    expect(live.heard).toEqual([...new Set(live.heard)].sort((a, b) => a - b));
    expect(acknowledged.filter((number) => !live.heard.includes(number))).toEqual([]);
    expect(live.gaps).toEqual([]);
  });

  test("trimmed history is a gap for who resumes before it", async () => {
    const short = channel({ length: 1 });
    const first = (await short.publish(0)) as string;
    await Promise.all(Array.from({ length: 300 }, (_, index) => short.publish(index + 1)));
    const late = record(short, first);
    await until("the last is heard", () => late.heard.at(-1) === 300);
    expect(late.gaps).toMatchObject([{ type: "gap", reason: "trimmed", after: first }]);
    expect(late.heard).toEqual(
      Array.from({ length: late.heard.length }, (_, index) => 301 - late.heard.length + index),
    );
    const again = record(short, late.gaps[0]?.id as string);
    await until("the last is heard", () => again.heard.at(-1) === 300);
    expect(again.gaps).toEqual([]);
    expect(again.heard).toEqual(late.heard);
  });

  test("a server that lost all it had is a gap, and what comes then is heard", async () => {
    const live = record();
    await live.subscription.ready;
    const id = (await channel().publish(1)) as string;
    await until("it is heard", () => live.heard.length === 1);
    await server.main.ask(["FLUSHALL"]);
    await server.main.ask(["CLIENT", "KILL", "TYPE", "pubsub"]);
    await until("the gap is told", () => live.gaps.length === 1);
    await channel().publish(2);
    await until("it is heard", () => live.heard.length === 2);
    expect(live.heard).toEqual([1, 2]);
    expect(live.gaps).toEqual([{ type: "gap", reason: "lost", after: id, id: "0-0" }]);
  });

  test("a history that ends of age is a gap for who has not had it", async () => {
    const brief = channel({ age: 50 });
    const first = (await brief.publish(1)) as string;
    await brief.publish(2);
    await until("it is gone", async () => (await server.main.ask(["EXISTS", "larder:channel:{news}"])) === 0);
    const late = record(brief, first);
    await until("the gap is told", () => late.gaps.length === 1);
    expect(late.gaps[0]).toMatchObject({ reason: "trimmed", after: first });
    expect(late.heard).toEqual([]);
  });

  test("a slow listener gets all, and keeps nobody waiting", async () => {
    const fast = record();
    const slow: number[] = [];
    const { promise: isLetGo, resolve: letGo } = Promise.withResolvers<void>();
    const subscription = channel({ length: 10_000 }).subscribe(async (number) => {
      slow.push(number);
      await isLetGo;
    });
    await Promise.all([fast.subscription.ready, subscription.ready]);
    const numbers = Array.from({ length: 3_000 }, (_, index) => index);
    await Promise.all(numbers.map((number) => channel({ length: 10_000 }).publish(number)));
    await until("the fast one has all", () => fast.heard.length === 3_000);
    expect(slow).toEqual([0]);
    letGo();
    await until("the slow one has all", () => slow.length === 3_000);
    expect(slow).toEqual(numbers);
    expect(fast.heard).toEqual(numbers);
  });

  test("without a history: a lost connection is told, and too slow a listener", async () => {
    const plain = channel(false);
    const live = record(plain);
    await live.subscription.ready;
    expect(await plain.publish(1)).toBe(null);
    await until("it is heard", () => live.heard.length === 1);
    await server.main.ask(["CLIENT", "KILL", "TYPE", "pubsub"]);
    await until("the gap is told", () => live.gaps.length === 1);
    await plain.publish(2);
    await until("it is heard", () => live.heard.length === 2);
    expect(live.gaps).toEqual([{ type: "gap", reason: "disconnected", after: null, id: null }]);
    const events = plain.events();
    const next = events.next();
    await plain.publish(3);
    expect((await next).value).toMatchObject({ type: "message", data: 3 });
    await Promise.all(Array.from({ length: 2_000 }, (_, index) => plain.publish(index)));
    await until("all are heard", () => live.heard.length === 2_003);
    expect((await events.next()).value).toMatchObject({ type: "gap", reason: "slow" });
    await events.return();
  });

  test("ephemeral messages are heard in their place, and kept by nobody", async () => {
    const live = record();
    await live.subscription.ready;
    await channel().publish(1);
    expect(await channel().publish(2, { ephemeral: true })).toBe(null);
    await channel().publish(3);
    await until("all are heard", () => live.heard.length === 3);
    expect(live.heard).toEqual([1, 2, 3]);
    const late = record(channel(), "beginning");
    await until("the kept are heard", () => late.heard.length === 2);
    expect(late.heard).toEqual([1, 3]);
  });

  test("what others put there is no message, and what is no JSON is told", async () => {
    const live = record(channel(), "beginning");
    await live.subscription.ready;
    await server.main.ask(["XADD", "larder:channel:{news}", "1-1", "other", "field"]);
    await server.main.ask(["PUBLISH", "larder:channel:{news}", "no header"]);
    await server.main.ask(["PUBLISH", "larder:channel:{news}", "-\n{"]);
    await until("it is told", () => live.gaps.length === 1);
    expect(live.gaps).toMatchObject([{ reason: "unreadable" }]);
    await channel().publish(1);
    await until("it is heard", () => live.heard.length === 1);
  });
});

describe.skipIf(!hasValkey)("channels", () => {
  test("a server that falls silent without a word is given up, and what was published meanwhile is heard", async () => {
    const engine = await startCacheServer();
    const server = serverOf(new Redis(engine.url, { lazyConnect: true }));
    const heard: number[] = [];
    const subscription = createChannel<number>("news", { server }).subscribe((number) => void heard.push(number));
    await subscription.ready;
    const { promise: isLost, resolve: lost } = Promise.withResolvers<void>();
    server.subscriber.listen({ onLost: () => lost() });
    engine.freeze();
    await isLost;
    engine.thaw();
    const other = connect(engine.url);
    await createChannel<number>("news", { server: other }).publish(1);
    await until("it is heard", () => heard.length === 1);
    for (const used of [server, other]) used.close();
    await engine.stop();
  }, 20_000);

  test("bad names, places, messages and histories are refused with what is wrong", async () => {
    const server = connect("redis://127.0.0.1:1");
    const channel = createChannel<unknown>("x", { server });
    expect(() => createChannel("", { server })).toThrow("name has to be");
    expect(() => createChannel("x", { server, history: { length: 0 } })).toThrow("history.length");
    expect(() => createChannel("x", { server, history: { age: "soon" as "1s" } })).toThrow("history.age");
    expect(() => channel.subscribe(() => {}, { from: "yesterday" })).toThrow("from has to be");
    await expect(channel.publish(undefined)).rejects.toThrow("JSON");
    await expect(channel.publish("x".repeat(1024 * 1024))).rejects.toMatchObject({ code: "MESSAGE_TOO_LARGE" });
  });
});

function startPublisher(url: string) {
  const program = join(import.meta.dirname, "../fixture/channel-publisher.ts");
  const running = Bun.spawn([process.execPath, program, url, "news", "1"], { stdin: "pipe", stdout: "pipe" });
  const output = new Response(running.stdout).text();
  return {
    async stop(): Promise<number[]> {
      await running.stdin.write("stop\n");
      await running.stdin.end();
      await running.exited;
      return (await output).trim().split("\n").map(Number);
    },
  };
}
