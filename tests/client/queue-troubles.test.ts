/** Queues when the connection, the server or a consumer is lost or late; and effects that happen once all the same. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type Server } from "../../packages/client/index.ts";
import {
  createQueue,
  type MessageContext,
  type Queue,
  type QueueEvent,
  type QueueOptions,
  type RunningConsumer,
} from "../../packages/client/messaging/index.ts";
import { type CacheServer, startCacheServer } from "../fixture/cache-server.ts";
import { type LossyProxy, startLossyProxy } from "../fixture/lossy-proxy.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { until } from "../fixture/until.ts";

const soon = { backoff: { type: "fixed", delay: 10 } } as const;
const stock = "{orders}:stock";

describe.skipIf(!hasValkey)("a queue in trouble", () => {
  let directory: string;
  let engine: CacheServer;
  let proxy: LossyProxy;
  /** Through the proxy. */
  let server: Server;
  let direct: Server;
  let consumers: RunningConsumer[];
  let events: QueueEvent[];

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "larder-queue-"));
    engine = await startCacheServer({ args: ["--appendonly", "yes", "--appendfsync", "always", "--dir", directory] });
    proxy = await startLossyProxy(engine.port);
    server = connect(engine.url.replace(String(engine.port), String(proxy.port)));
    direct = connect(engine.url);
    consumers = [];
    events = [];
  });
  afterEach(async () => {
    await Promise.all(consumers.map((consumer) => consumer.stop({ timeout: 0 })));
    server.close();
    direct.close();
    proxy.stop();
    await engine.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const queueOf = <T>(options: Partial<QueueOptions> = {}): Queue<T> =>
    createQueue<T>("orders", { server, onEvent: (event) => events.push(event), ...options });
  const consume = <T>(queue: Queue<T>, handler: (payload: T, context: MessageContext) => unknown) =>
    consumers.push(queue.process(handler));

  test("an add whose answer was lost is sent again, and added once", async () => {
    const queue = queueOf<number>();
    const inspector = createQueue<number>("orders", { server: direct });
    await queue.add(0);
    for (let round = 1; round <= 10; round++) {
      proxy.lose(1);
      await Promise.all([queue.add(round), queue.add(-round, { dedupe: `d${round}` })]);
    }
    expect(proxy.lostCount()).toBe(10);
    expect((await inspector.stats()).waiting).toBe(21);
  });

  test("what a lost answer had taken is run at once, and an ending whose answer was lost counts once", async () => {
    const queue = queueOf<number>();
    const inspector = createQueue<number>("orders", { server: direct });
    const begun: number[] = [];
    consume(queue, (payload) => begun.push(payload));
    for (let round = 1; round <= 10; round++) {
      proxy.lose(round % 3);
      await inspector.addMany([round, 100 + round]);
      await until("it is handled", () => begun.length === 2 * round);
    }
    await until("the server knows", async () => (await inspector.stats()).doneTotal === 20);
    expect(new Set(begun).size).toBe(20);
    expect(await inspector.stats()).toMatchObject({ waiting: 0, running: 0 });
  });

  test("the server ends and comes back with what it had: nothing is lost, adds wait for it", async () => {
    const queue = queueOf<number>();
    const effects = new Set<number>();
    await queue.addMany([...Array(200).keys()], (index) => ({ key: `k${index % 10}` }));
    consume(queue, async (index) => {
      await Bun.sleep(2);
      effects.add(index);
    });
    await until("it has begun", () => effects.size > 20);
    await engine.kill();
    const late = queue.add(200);
    await engine.restart();
    await late;
    await until("all are handled", () => effects.size === 201);
    await until("the server knows", async () => (await queue.stats()).doneTotal === 201);
    expect(await queue.stats()).toMatchObject({ waiting: 0, running: 0, held: 0, dead: 0 });
  });

  test("a server that comes back empty is a queue that is empty", async () => {
    const queue = queueOf<number>();
    const handled: number[] = [];
    consume(queue, (payload) => handled.push(payload));
    await queue.add(1);
    await until("it is handled", () => handled.length === 1);
    await direct.main.ask(["FLUSHALL"]);
    await queue.add(2);
    await until("it goes on", () => handled.length === 2);
  });

  test("an add says when the server was not reached, and when nobody knows", async () => {
    const queue = queueOf<number>({ addTimeout: 100 });
    await queue.add(1);
    proxy.lose(1_000);
    await expect(queue.add(2)).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN" });
    proxy.stop();
    const [first, second] = await Promise.allSettled([queue.add(3), queue.add(4)]);
    expect([first, second]).toMatchObject([
      { reason: { code: "SERVER_UNREACHABLE" } },
      { reason: { code: "SERVER_UNREACHABLE" } },
    ]);
  });

  test("a consumer that is late loses its message, is told, and can have no more effects", async () => {
    const queue = queueOf<string>({ lease: "1s", server: direct });
    const reasons: { code: string }[] = [];
    const refused = Promise.withResolvers<{ code: string }>();
    const resume = Promise.withResolvers<void>();
    const late = createQueue<string>("orders", { server, lease: "1s" });
    consume(late, async (_, { signal, once }) => {
      signal.addEventListener("abort", () => reasons.push(signal.reason));
      await once([["DECRBY", stock, 1]]);
      await resume.promise;
      await once([["DECRBY", stock, 10]], "second").catch(refused.resolve);
    });
    await late.add("order");
    await until("it had its effect", async () => (await direct.main.ask(["GET", stock])) === "-1");
    proxy.stop();
    const fences: number[] = [];
    consume(queue, async (_, { once, fence, attempt }) => {
      expect(await once([["DECRBY", stock, 1]])).toEqual([-1]);
      fences.push(fence, attempt);
    });
    await until("another has it", () => fences.length > 0);
    await until("the late one is told", () => reasons.length > 0);
    resume.resolve();
    expect(reasons).toMatchObject([{ code: "LEASE_LOST" }]);
    expect((await refused.promise).code).toBe("LEASE_LOST");
    expect(fences).toEqual([2, 2]);
    expect(await direct.main.ask(["GET", stock])).toBe("-1");
    expect(events.some((event) => event.type === "taken over" && event.count === 1)).toBe(true);
  });

  test("a handler that takes longer than the lease keeps its message", async () => {
    const queue = queueOf<string>({ lease: "1s" });
    let calls = 0;
    for (let count = 0; count < 2; count++) {
      consume(queue, async () => {
        calls++;
        await Bun.sleep(1_600);
      });
    }
    await queue.add("long");
    await until("it is done", async () => (await queue.stats()).doneTotal === 1);
    expect(calls).toBe(1);
  });

  test("an effect in the server, by commands or a script, happens once over all attempts", async () => {
    const queue = queueOf<string>({ retries: 3, ...soon });
    const results: unknown[] = [];
    let calls = 0;
    consume(queue, async (_, { once, attempt }) => {
      const [left] = await once<number[]>([
        ["DECRBY", stock, 1],
        ["SET", "{orders}:last", "7"],
        ["GET", "{orders}:none"],
      ]);
      const taken = await once(
        { lua: "return redis.call('INCRBY', KEYS[1], ARGV[1])", keys: ["{orders}:taken"], args: [5] },
        "take",
      );
      const paid = await once(async ({ token, fence }) => ({ token, fence, calls: ++calls }), "pay");
      results.push([left, taken, paid]);
      if (attempt < 3) throw new Error("again");
    });
    const { id } = await queue.add("order");
    await until("it is done", async () => (await queue.stats()).doneTotal === 1);
    expect(results).toEqual(Array(3).fill([-1, 5, { token: `${id}:pay`, fence: 1, calls: 1 }]));
  });

  test("an effect that is refused is tried again; one that fails halfway is not", async () => {
    const queue = queueOf<"refused" | "halfway">({ retries: 1, ...soon });
    await direct.main.ask(["SET", "{orders}:text", "text"]);
    consume(queue, async (what, { once, attempt }) => {
      if (what === "refused" && attempt === 2) await direct.main.ask(["DEL", "{orders}:text"]);
      const failing = ["INCR", "{orders}:text"];
      await once(what === "refused" ? [failing] : [["INCR", "{orders}:half"], failing]);
    });
    await queue.add("halfway");
    await until("it is dead", async () => (await queue.stats()).dead === 1);
    await queue.add("refused");
    await until("it is done", async () => (await queue.stats()).doneTotal === 1);
    expect(await direct.main.ask(["MGET", "{orders}:half", "{orders}:text"])).toEqual(["1", "1"]);
    expect((await queue.deadLetters.list())[0]?.error).toContain("The effect failed");
  });

  test("a handler may throw what it likes", async () => {
    const queue = queueOf<number>({ retries: 0 });
    const thrown: unknown[] = [undefined, null, 0, "\ud800", Object.create(null), new Error("x".repeat(5_000))];
    consume(queue, (index) => {
      throw thrown[index];
    });
    await queue.addMany([...thrown.keys()]);
    await until("all are dead", async () => (await queue.stats()).dead === thrown.length);
    const longest = Math.max(...(await queue.deadLetters.list()).map(({ error }) => error.length));
    expect(longest).toBe(1_000);
  });

  test("a server that refuses is told of, and the consumer goes on when it no longer does", async () => {
    await direct.main.ask(["ACL", "SETUSER", "plain", "on", ">secret", "~*", "&*", "+@all", "-evalsha", "-eval"]);
    const limited = connect(engine.url.replace(":cache-password", "plain:secret"));
    const queue = queueOf<number>({ server: limited });
    const handled: number[] = [];
    consume(queue, (payload) => handled.push(payload));
    await until("it is told", () => events.some((event) => event.type === "trouble" && event.what === "take"));
    await expect(queue.add(1)).rejects.toMatchObject({ code: "QUEUE_REFUSED" });
    await direct.main.ask(["ACL", "SETUSER", "plain", "+@all"]);
    await queue.add(2);
    await until("it is handled", () => handled.length === 1);
    await Promise.all(consumers.splice(0).map((consumer) => consumer.stop()));
    limited.close();
  });

  test("options that are none are named", () => {
    const make = (options: object, name = "orders") => createQueue(name, { server, ...options });
    expect(() => make({}, "a{b}")).toThrow(/the queue's name/);
    expect(() => make({ retries: -1 })).toThrow(/^retries/);
    expect(() => make({ lease: 10 })).toThrow(/^lease/);
    expect(() => make({ timeout: "soon" })).toThrow(/^timeout/);
    expect(() => make({ lengthMax: 1.5 })).toThrow(/^lengthMax/);
    const queue = make({});
    expect(() => queue.process(() => {}, { concurrency: 0 })).toThrow(/^concurrency/);
    expect(() => queue.process(null as never)).toThrow(/^the handler/);
  });

  test("messages that are none are refused", async () => {
    const queue = queueOf<unknown>({ payloadBytesMax: 100 });
    await expect(queue.add(undefined)).rejects.toThrow(/^the payload/);
    await expect(queue.add(1n)).rejects.toThrow(TypeError);
    await expect(queue.add("ü".repeat(50))).rejects.toThrow(RangeError);
    await expect(queue.add(1, { key: "" })).rejects.toThrow(/^key/);
    await expect(queue.add(1, { dedupe: "\ud800" })).rejects.toThrow(/^dedupe/);
    await expect(queue.add(1, { delay: -1 })).rejects.toThrow(/^delay/);
    await expect(queue.add(1, { delay: 1, at: 1 })).rejects.toThrow(/^delay and at/);
    await expect(queue.add(1, { at: Number.NaN })).rejects.toThrow(/^at/);
    await expect(queue.add(1, { priority: "urgent" as never })).rejects.toThrow(/^priority/);
    await expect(queue.every("x", { cron: "never" }, 1)).rejects.toThrow(/^the schedule/);
    expect(await queue.stats()).toMatchObject({ waiting: 0, delayed: 0 });
  });
});
