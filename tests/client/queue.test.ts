/** Queues on real servers: each engine and each library. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { type Server, serverOf } from "../../packages/client/connection/server.ts";
import { connect, type ServerLike } from "../../packages/client/index.ts";
import {
  createQueue,
  GiveUp,
  type MessageContext,
  type Queue,
  type QueueEvent,
  type QueueOptions,
  type RunningConsumer,
} from "../../packages/client/messaging/index.ts";
import { type CacheServer, startCacheServer } from "../fixture/cache-server.ts";
import { hasRedis, hasValkey } from "../fixture/native-engine.ts";
import { until } from "../fixture/until.ts";

interface Setting {
  engine: "valkey-server" | "redis-server";
  isThere: boolean;
  like: (url: string) => ServerLike;
}

const settings: [string, Setting][] = [
  ["Valkey, by redis", { engine: "valkey-server", isThere: hasValkey, like: (url) => connect(url) }],
  [
    "Redis 7, by ioredis",
    { engine: "redis-server", isThere: hasRedis, like: (url) => new Redis(url, { lazyConnect: true }) },
  ],
];
const soon = { backoff: { type: "fixed", delay: 10 } } as const;

for (const [name, setting] of settings) {
  describe.skipIf(!setting.isThere)(name, () => {
    let engine: CacheServer;
    let server: Server;
    let consumers: RunningConsumer[];
    let events: QueueEvent[];

    beforeEach(async () => {
      engine = await startCacheServer({ engine: setting.engine });
      server = serverOf(setting.like(engine.url));
      consumers = [];
      events = [];
    });
    afterEach(async () => {
      await Promise.all(consumers.map((consumer) => consumer.stop({ timeout: 0 })));
      server.close();
      await engine.stop();
    });

    const queueOf = <T>(options: Partial<QueueOptions> = {}): Queue<T> =>
      createQueue<T>("orders", { server, onEvent: (event) => events.push(event), ...options });
    /** Runs the handler; answers the payloads that it has ended with, in order. */
    const consume = <T>(
      queue: Queue<T>,
      handler: (payload: T, context: MessageContext) => unknown = () => {},
      concurrency = 16,
    ): T[] => {
      const ended: T[] = [];
      const run = async (payload: T, context: MessageContext) => {
        await handler(payload, context);
        ended.push(payload);
      };
      consumers.push(queue.process(run, { concurrency }));
      return ended;
    };

    test("every message is handled once when nothing goes wrong, whatever is in it", async () => {
      const queue = queueOf<unknown>();
      const payloads = [
        ...Array(1_200).keys(),
        "line\nfeed",
        "😀\ud800",
        null,
        { deep: [{}, []] },
        "x".repeat(100_000),
      ];
      const added = await queue.addMany(payloads);
      expect(new Set(added.map(({ id }) => id)).size).toBe(payloads.length);
      const ended = consume(queue);
      await until("all are handled", () => ended.length === payloads.length);
      await until("the server knows", async () => (await queue.stats()).doneTotal === payloads.length);
      expect(new Set(ended.map((one) => JSON.stringify(one)))).toEqual(
        new Set(payloads.map((one) => JSON.stringify(one))),
      );
      expect(await queue.stats()).toMatchObject({ waiting: 0, running: 0, delayed: 0, held: 0, dead: 0 });
    });

    test("long ones come in several answers", async () => {
      const queue = queueOf<string>();
      await queue.addMany(Array(20).fill("x".repeat(900_000)));
      const ended = consume(queue, () => {}, 20);
      await until("all are handled", () => ended.length === 20);
    });

    test("one that is added while all sleep is there at once, and wakes one consumer", async () => {
      const queue = queueOf<number>();
      const begun: number[] = [];
      for (let count = 0; count < 3; count++) consume(queue, () => begun.push(performance.now()), 1);
      await queue.add(0);
      await until("they have looked", () => begun.length === 1);
      for (let round = 1; round <= 20; round++) {
        await Bun.sleep(10);
        const addedAt = performance.now();
        await queue.add(round);
        await until("it is handled", () => begun.length === round + 1);
        expect((begun.at(-1) ?? 0) - addedAt).toBeLessThan(500);
      }
    });

    test("those of one key in order, one at a time, although some fail; other keys go on", async () => {
      const queue = queueOf<{ key: string; index: number }>(soon);
      const running = new Set<string>();
      const handler = async ({ key, index }: { key: string; index: number }, { attempt }: MessageContext) => {
        expect(running.has(key)).toBe(false);
        running.add(key);
        await Bun.sleep(index % 3);
        running.delete(key);
        if (attempt === 1 && index % 4 === 0) throw new Error("again");
      };
      const [some, others] = [consume(queue, handler), consume(queue, handler)];
      const all = Array.from({ length: 120 }, (_, index) => ({ key: `k${index % 6}`, index }));
      await queue.addMany(all, ({ key }) => ({ key }));
      await until("all are handled", async () => (await queue.stats()).doneTotal === all.length);
      for (let key = 0; key < 6; key++) {
        for (const ended of [some, others]) {
          const indexes = ended.filter((one) => one.key === `k${key}`).map(({ index }) => index);
          expect(indexes).toEqual(indexes.toSorted((a, b) => a - b));
        }
      }
      expect(await server.main.ask(["KEYS", "*:key:*"])).toEqual([]);
    });

    test("failures are retried with what is known of them; then it is a dead letter, which can be retried or discarded", async () => {
      const queue = queueOf<string>({ retries: 2, ...soon });
      let isBroken = true;
      const attempts: number[] = [];
      const ended = consume(queue, (payload, { attempt }) => {
        attempts.push(attempt);
        if (payload === "hopeless") throw new GiveUp("no use");
        if (isBroken) throw new Error(`broken ${attempt}`);
      });
      const { id } = await queue.add("order", { key: "customer" });
      await until("it is dead", async () => (await queue.stats()).dead === 1);
      expect(attempts).toEqual([1, 2, 3]);
      const [letter] = await queue.deadLetters.list();
      expect(letter).toMatchObject({ id, key: "customer", payload: "order", attempts: 3, error: "Error: broken 3" });
      expect(letter?.history.map(({ error }) => error)).toEqual([1, 2, 3].map((attempt) => `Error: broken ${attempt}`));
      await queue.add("hopeless");
      await until("the other is dead at once", async () => (await queue.stats()).dead === 2);
      const [newest, ...older] = await queue.deadLetters.list();
      expect(await queue.deadLetters.list({ before: newest?.letter ?? "" })).toEqual(older);
      expect(events.map(({ type }) => type)).toEqual(["failed", "failed", "dead", "dead"]);

      isBroken = false;
      expect(await queue.deadLetters.retry(letter?.letter ?? "")).toBe(1);
      await until("it is handled", () => ended.length === 1);
      const [hopeless] = await queue.deadLetters.list({ count: 1 });
      expect(await queue.deadLetters.discard(hopeless?.letter ?? "")).toBe(1);
      expect(await queue.deadLetters.list()).toEqual([]);
    });

    test("delayed ones are there when they are due, not before, and an earlier one is not late", async () => {
      const queue = queueOf<string>();
      const times = new Map<string, number>();
      const ended = consume(queue, (payload) => times.set(payload, performance.now()));
      const beganMs = performance.now();
      await queue.add("last", { delay: 900 });
      await queue.add("at", { at: new Date(Date.now() + 600) });
      await queue.add("first", { delay: "300ms" });
      await queue.add("past", { at: 0 });
      await until("all are handled", () => ended.length === 4);
      expect(ended).toEqual(["past", "first", "at", "last"]);
      for (const [payload, dueMs] of [
        ["first", 300],
        ["last", 900],
      ] as const) {
        const lateMs = (times.get(payload) ?? 0) - beganMs - dueMs;
        expect(lateMs).toBeGreaterThan(-5);
        expect(lateMs).toBeLessThan(500);
      }
    });

    test("priorities go first, and the lowest is not starved", async () => {
      const queue = queueOf<string>();
      await queue.addMany(Array(60).fill("normal"));
      await queue.addMany(Array(60).fill("low"), { priority: "low" });
      await queue.addMany(Array(60).fill("high"), { priority: "high" });
      const ended = consume(queue, () => {}, 1);
      await until("all are handled", () => ended.length === 180);
      expect(ended.slice(0, 7)).toEqual(Array(7).fill("high"));
      expect(ended.slice(0, 60).filter((one) => one === "high").length).toBeGreaterThan(50);
      expect(ended.slice(0, 60)).toContain("low");
      expect(ended.slice(0, 60)).toContain("normal");
    });

    test("a second one with the same dedupe id is the first, until the window ends", async () => {
      const queue = queueOf<number>({ dedupeFor: 200 });
      const [first, second] = await Promise.all([queue.add(1, { dedupe: "a" }), queue.add(2, { dedupe: "a" })]);
      expect(first.isDuplicate).toBe(false);
      expect(second).toEqual({ id: first.id, isDuplicate: true });
      await until("the window has ended", async () => !(await queue.add(3, { dedupe: "a" })).isDuplicate);
      expect((await queue.stats()).waiting).toBe(2);
    });

    test("pause holds all consumers until resume", async () => {
      const queue = queueOf<number>();
      const [some, others] = [consume(queue), consume(queue)];
      await queue.pause();
      await queue.addMany([1, 2, 3]);
      await Bun.sleep(100);
      expect(await queue.stats()).toMatchObject({ waiting: 3, isPaused: true });
      expect([...some, ...others]).toEqual([]);
      await queue.resume();
      await until("they are handled", () => some.length + others.length === 3);
    });

    test("stop waits for what runs; what does not end goes back, and is not counted", async () => {
      const queue = queueOf<string>();
      const attempts: number[] = [];
      const reasons: unknown[] = [];
      const release = Promise.withResolvers<void>();
      const ended = consume(
        queue,
        async (payload, { signal, attempt }) => {
          attempts.push(attempt);
          signal.addEventListener("abort", () => reasons.push(signal.reason));
          await (payload === "quick" ? release.promise : new Promise(() => {}));
        },
        2,
      );
      await queue.addMany(["quick", "stuck", "not begun"]);
      await until("both run", () => attempts.length === 2);
      const stopped = consumers.pop()?.stop({ timeout: 200 });
      release.resolve();
      await stopped;
      expect(ended).toEqual(["quick"]);
      expect(reasons).toHaveLength(1);
      expect(await queue.stats()).toMatchObject({ waiting: 2, running: 0, doneTotal: 1, consumers: 0 });
      const rest = consume(queue, (_, { attempt }) => attempts.push(attempt), 1);
      await until("the rest is handled", () => rest.length === 2);
      expect(rest).toEqual(["stuck", "not begun"]);
      expect(attempts).toEqual([1, 1, 1, 1]);
    });

    test("a handler that takes too long fails, and is told", async () => {
      const queue = queueOf<number>({ timeout: 50, retries: 1, ...soon });
      const reasons: { code: string }[] = [];
      consume(queue, (_, { signal }) => {
        signal.addEventListener("abort", () => reasons.push(signal.reason));
        return new Promise(() => {});
      });
      await queue.add(1);
      await until("it is dead", async () => (await queue.stats()).dead === 1);
      expect(reasons.map(({ code }) => code)).toEqual(["HANDLER_TIMEOUT", "HANDLER_TIMEOUT"]);
    });

    test("bytes that are no message are dead letters, and hold nothing up", async () => {
      const queue = queueOf<number>();
      await queue.add(1, { key: "k" });
      const stream = "larder:queue:{orders}:normal";
      await server.main.ask(["XADD", stream, "*", "m", Buffer.from([0xff, 0x00, 0x0a, 0x80])]);
      await server.main.ask(["XADD", stream, "*", "m", '{"t":1,"i":"bad"}\n{"cut']);
      await server.main.ask(["XADD", stream, "*", "m", '{"t":1,"i":"bad","a":"x"}\n1']);
      await server.main.ask(["XADD", stream, "*", "other", "field"]);
      await server.main.ask(["ZADD", "larder:queue:{orders}:delayed", "1", "bad"]);
      const ended = consume(queue);
      await until("they are dead", async () => (await queue.stats()).dead === 5);
      await queue.add(2, { key: "k" });
      await until("the good ones are handled", () => ended.length === 2);
      const letters = await queue.deadLetters.list();
      expect(letters.map(({ id, payload }) => [id, payload])).toContainEqual(["bad", undefined]);
    });

    test("a full queue refuses, and so does a full server; both say that nothing was added", async () => {
      const queue = queueOf<string>({ lengthMax: 2 });
      const results = await Promise.allSettled(["1", "2", "3"].map((one) => queue.add(one, { delay: 50 })));
      expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
      expect(results[2]).toMatchObject({ reason: { code: "QUEUE_FULL" } });
      await server.main.ask(["CONFIG", "SET", "maxmemory", "1"]);
      await expect(queue.add("4")).rejects.toMatchObject({ code: "QUEUE_REFUSED" });
      const ended = consume(queue);
      await until("what is there is handled all the same", () => ended.length === 2);
    });

    test("what repeats is one message for each tick, over all consumers", async () => {
      const queue = queueOf<string>();
      const ids: string[] = [];
      for (let count = 0; count < 3; count++) consume(queue, (_, { id }) => ids.push(id));
      await Promise.all([1, 2].map(() => queue.every("report", 100, "make it")));
      await until("it has ticked", () => ids.length >= 5);
      expect(new Set(ids).size).toBe(ids.length);
      const ticks = ids.map((id) => Number(id.split("@")[1]));
      expect(ticks.every((tick) => tick % 100 === 0)).toBe(true);
      expect(await queue.schedules()).toEqual([{ name: "report", repeat: { everyMs: 100 }, payload: "make it" }]);
      expect(await queue.unschedule("report")).toBe(true);
      expect(await queue.unschedule("report")).toBe(false);
    });
  });
}
