/** Stock clients over TLS against a whole service, on each kind of engine. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { CacheAccess } from "../fixture/cache-access.ts";
import { engineKinds } from "../fixture/native-engine.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { until } from "../fixture/until.ts";

describe.each(engineKinds)("%s engine", (engine) => {
  let service: TestService;
  let cache: CacheAccess;

  beforeAll(async () => {
    service = await startService({ engine });
    cache = await CacheAccess.of(service, await service.createCache("shop"));
  }, 60_000);

  afterAll(async () => {
    cache?.close();
    await service?.stop();
  }, 30_000);

  describe.each([2, 3] as const)("redis, RESP%d", (RESP) => {
    test("data types", async () => {
      const client = await cache.nodeRedis({ RESP });
      const key = (name: string) => `redis${RESP}:${name}`;
      await client.set(key("string"), "värdé", { EX: 100 });
      expect(await client.get(key("string"))).toBe("värdé");
      expect(await client.ttl(key("string"))).toBeWithin(99, 101);
      await client.hSet(key("hash"), { name: "Ann", visits: "1" });
      expect(await client.hIncrBy(key("hash"), "visits", 2)).toBe(3);
      expect({ ...(await client.hGetAll(key("hash"))) }).toEqual({ name: "Ann", visits: "3" });
      await client.rPush(key("list"), ["a", "b", "c"]);
      expect(await client.lRange(key("list"), 0, -1)).toEqual(["a", "b", "c"]);
      await client.sAdd(key("set"), ["x", "y"]);
      expect(await client.sIsMember(key("set"), "x")).toBe(1);
      await client.zAdd(key("zset"), [
        { score: 1.5, value: "one" },
        { score: 2, value: "two" },
      ]);
      expect(await client.zRangeWithScores(key("zset"), 0, -1)).toEqual([
        { score: 1.5, value: "one" },
        { score: 2, value: "two" },
      ]);
      expect(await client.get(key("absent"))).toBeNull();
    });

    test("a large value comes back whole", async () => {
      const client = await cache.nodeRedis({ RESP });
      const value = "0123456789abcdef".repeat(256 * 1024);
      await client.set(`redis${RESP}:large`, value);
      expect(Bun.hash((await client.get(`redis${RESP}:large`)) ?? "")).toBe(Bun.hash(value));
    });

    test("pipelined commands are answered in order", async () => {
      const client = await cache.nodeRedis({ RESP });
      const replies = await Promise.all(
        Array.from({ length: 500 }, async (_, index) => {
          await client.set(`redis${RESP}:pipeline:${index}`, String(index));
          return client.get(`redis${RESP}:pipeline:${index}`);
        }),
      );
      expect(replies).toEqual(Array.from({ length: 500 }, (_, index) => String(index)));
    });

    test("MULTI, and WATCH with and without a conflict", async () => {
      const client = await cache.nodeRedis({ RESP });
      const other = await cache.nodeRedis({ RESP });
      const key = `redis${RESP}:watched`;
      expect(await client.multi().set(key, "1").incr(key).get(key).execTyped()).toEqual(["OK", 2, "2"]);
      await client.watch(key);
      await other.set(key, "9");
      await expect(client.multi().incr(key).exec()).rejects.toThrow("watched key");
      await client.watch(key);
      expect(await client.multi().incr(key).execTyped()).toEqual([10]);
    });

    test("messages to channels and patterns", async () => {
      const subscriber = await cache.nodeRedis({ RESP });
      const publisher = await cache.nodeRedis({ RESP });
      const heard: string[] = [];
      await subscriber.subscribe(`news${RESP}`, (message, channel) => heard.push(`${channel} ${message}`));
      await subscriber.pSubscribe(`new?${RESP}`, (message) => heard.push(`pattern ${message}`));
      expect(await publisher.publish(`news${RESP}`, "hello")).toBe(2);
      await until("both messages are heard", () => heard.length === 2);
      expect(heard.sort()).toEqual([`news${RESP} hello`, "pattern hello"]);
      await subscriber.unsubscribe(`news${RESP}`);
      await subscriber.pUnsubscribe(`new?${RESP}`);
      // In RESP2 this client then gives the reply as a buffer, with any server.
      expect(String(await subscriber.ping())).toBe("PONG");
    });

    test("a blocking pop waits for its element, and gives up in time", async () => {
      const blocked = await cache.nodeRedis({ RESP });
      const client = await cache.nodeRedis({ RESP });
      const popped = blocked.blPop(`redis${RESP}:queue`, 10);
      await client.rPush(`redis${RESP}:queue`, "job");
      expect({ ...(await popped) }).toEqual({ key: `redis${RESP}:queue`, element: "job" });
      expect(await blocked.blPop(`redis${RESP}:queue`, 0.01)).toBeNull();
      expect(await blocked.ping()).toBe("PONG");
    });

    test("Lua", async () => {
      const client = await cache.nodeRedis({ RESP });
      const script = "return {redis.call('INCRBY', KEYS[1], ARGV[1]), 'done'}";
      const call = { keys: [`redis${RESP}:lua`], arguments: ["5"] };
      expect(await client.eval(script, call)).toEqual([5, "done"]);
      expect(await client.evalSha(await client.scriptLoad(script), call)).toEqual([10, "done"]);
      await expect(client.evalSha("0".repeat(40), call)).rejects.toThrow("NOSCRIPT");
    });

    test("streams and consumer groups", async () => {
      const client = await cache.nodeRedis({ RESP });
      const reader = await cache.nodeRedis({ RESP });
      const key = `redis${RESP}:stream`;
      await client.xGroupCreate(key, "group", "0", { MKSTREAM: true });
      const read = reader.xReadGroup("group", "consumer", { key, id: ">" }, { COUNT: 1, BLOCK: 10_000 });
      const id = await client.xAdd(key, "*", { kind: "order" });
      const streams = (await read) as { name: string; messages: { id: string; message: Record<string, string> }[] }[];
      expect(streams[0]?.messages.map((entry) => [entry.id, { ...entry.message }])).toEqual([[id, { kind: "order" }]]);
      expect(await client.xAck(key, "group", id)).toBe(1);
    });

    test("databases are apart", async () => {
      const client = await cache.nodeRedis({ RESP });
      const inThird = await cache.nodeRedis({ RESP, database: 3 });
      await client.set(`redis${RESP}:where`, "zero");
      expect(await inThird.get(`redis${RESP}:where`)).toBeNull();
      await client.select(3);
      await client.set(`redis${RESP}:where`, "three");
      expect(await inThird.get(`redis${RESP}:where`)).toBe("three");
      await expect(client.select(16)).rejects.toThrow("out of range");
    });
  });

  describe.each([2, 3] as const)("ioredis, RESP%d", (protocol) => {
    test("data types and pipelines", async () => {
      const client = await cache.ioredis({ protocol, keyPrefix: `ioredis${protocol}:` });
      const replies = await client
        .pipeline()
        .set("string", "value")
        .get("string")
        .hset("hash", { a: "1", b: "2" })
        .hgetall("hash")
        .zadd("zset", "1", "one", "2", "two")
        .zrange("zset", "0", "-1")
        .lpop("string")
        .exec();
      expect(replies?.slice(0, 6).map(([, reply]) => reply)).toEqual([
        "OK",
        "value",
        2,
        { a: "1", b: "2" },
        2,
        ["one", "two"],
      ]);
      expect(replies?.[6]?.[0]?.message).toStartWith("WRONGTYPE");
    });

    test("binary values", async () => {
      const client = await cache.ioredis({ protocol });
      const value = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
      await client.set(`ioredis${protocol}:binary`, value);
      expect(await client.getBuffer(`ioredis${protocol}:binary`)).toEqual(value);
    });

    test("MULTI, WATCH, Lua, blocking and messages", async () => {
      const client = await cache.ioredis({ protocol });
      const other = await cache.ioredis({ protocol });
      const key = `ioredis${protocol}:key`;
      await client.watch(key);
      await other.set(key, "1");
      expect(await client.multi().incr(key).exec()).toBeNull();
      expect(await client.multi().incr(key).exec()).toEqual([[null, 2]]);
      client.defineCommand("addTwice", { numberOfKeys: 1, lua: "return redis.call('INCRBY', KEYS[1], 2 * ARGV[1])" });
      expect(await (client as unknown as { addTwice(key: string, by: number): Promise<number> }).addTwice(key, 4)).toBe(
        10,
      );
      const popped = client.brpop(`${key}:list`, 10);
      await other.lpush(`${key}:list`, "element");
      expect(await popped).toEqual([`${key}:list`, "element"]);
      const heard = new Promise((resolve) => client.on("message", (channel, text) => resolve([channel, text])));
      await client.subscribe(`ioredis${protocol}`);
      await other.publish(`ioredis${protocol}`, "hello");
      expect(await heard).toEqual([`ioredis${protocol}`, "hello"]);
    });
  });

  test("a wrong key, no key, and either key", async () => {
    await expect(cache.nodeRedis({ password: "wrong" })).rejects.toThrow("WRONGPASS");
    const silent = await cache.raw();
    silent.send("GET key\r\n");
    expect(await silent.until("\r\n")).toStartWith("-NOAUTH ");
    silent.close();
    const second = await cache.nodeRedis({ username: "default", password: cache.keys.secondary });
    expect(await second.ping()).toBe("PONG");
  });

  test("the shared port tells caches apart by server name", async () => {
    const other = await CacheAccess.of(service, await service.createCache("other"));
    const inShop = await cache.ioredis({}, cache.shared);
    const inOther = await other.ioredis({}, other.shared);
    await inShop.set("where", "shop");
    expect(await inOther.get("where")).toBeNull();
    expect(await (await cache.ioredis()).get("where")).toBe("shop");
    await expect(cache.ioredis({}, { ...cache.shared, serverName: other.shared.serverName ?? "" })).rejects.toThrow();
    const lost = await cache.raw({ ...cache.shared, serverName: "nobody.larder.localhost" });
    lost.send(`AUTH ${cache.keys.primary}\r\n`);
    expect(await lost.ended()).toStartWith("-ERR no cache answers to the TLS server name");
    other.close();
  });
});
