/** The connections of the client package, by each library that can carry them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { Script } from "../../packages/client/connection/script.ts";
import { type Server, serverOf } from "../../packages/client/connection/server.ts";
import { connect, type ServerLike } from "../../packages/client/index.ts";
import { type CacheServer, startCacheServer } from "../fixture/cache-server.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { until } from "../fixture/until.ts";

const libraries: [string, (url: string) => ServerLike][] = [
  ["an address", (url) => connect(url)],
  ["a client of redis", (url) => createClient({ url })],
  ["an instance of ioredis", (url) => new Redis(url, { lazyConnect: true })],
];

describe.skipIf(!hasValkey).each(libraries)("by %s", (_, like) => {
  let engine: CacheServer;
  let server: Server;

  beforeEach(async () => {
    engine = await startCacheServer();
    server = serverOf(like(engine.url));
  });
  afterEach(async () => {
    server.close();
    await engine.stop();
  });

  test("replies as text and as bytes, with RESP2's shapes on both kinds of connection", async () => {
    for (const connection of [server.main, server.tracking]) {
      expect(await connection.ask(["SET", "key", Buffer.from("väl\0ue")])).toBe("OK");
      expect(await connection.ask(["GET", "key"])).toBe("väl\0ue");
      expect(await connection.askBytes(["GET", "key"])).toEqual(Buffer.from("väl\0ue"));
      expect(await connection.ask(["GET", "none"])).toBe(null);
      await connection.ask(["HSET", "hash", "field", "1"]);
      expect(await connection.ask(["HGETALL", "hash"])).toEqual(["field", "1"]);
      expect(await connection.ask(["ZADD", "set", "1.5", "a"]).then(() => connection.ask(["ZSCORE", "set", "a"]))).toBe(
        "1.5",
      );
      expect(connection.ask(["HGET", "key", "field"])).rejects.toThrow("WRONGTYPE");
    }
  });

  test("a script, also after the server has forgotten it", async () => {
    const script = new Script("return {KEYS[1], ARGV[1], 7}");
    for (let round = 0; round < 2; round++) {
      expect(await script.run(server.main, ["key"], ["argument"])).toEqual(["key", "argument", 7]);
      await server.main.ask(["SCRIPT", "FLUSH"]);
    }
  });

  test("is told of what others change of what it read, and not of its own changes", async () => {
    const told: (string | null)[] = [];
    server.tracking.onInvalidate((key) => told.push(key));
    await server.tracking.ask(["GET", "schlüssel 1"]);
    await server.tracking.ask(["SET", "schlüssel 1", "own"]);
    await server.tracking.ask(["GET", "schlüssel 1"]);
    await server.main.ask(["SET", "schlüssel 1", "another's"]);
    await until("it is told", () => told.length > 0);
    await server.main.ask(["FLUSHALL"]);
    await until("it is told of all", () => told.length > 1);
    expect(told).toEqual(["schlüssel 1", null]);
  });

  test("comes back after the server has: what waits for it is answered, and it is told again", async () => {
    const told: (string | null)[] = [];
    const losses: Error[] = [];
    server.tracking.onInvalidate((key) => told.push(key));
    server.tracking.listen({ onLost: (error) => losses.push(error) });
    await server.tracking.ask(["GET", "key"]);
    await server.main.ask(["PING"]);
    await engine.restart();
    await until("the loss is noticed", () => losses.length > 0);
    expect(await server.main.ask(["PING"])).toBe("PONG");
    await server.tracking.ask(["GET", "key"]);
    await server.main.ask(["SET", "key", "value"]);
    await until("it is told", () => told.includes("key"));
  });

  test("what is on its way when the server dies rejects, and is not sent again", async () => {
    const blocked = server.dedicated();
    await blocked.ask(["PING"]);
    const answer = blocked.ask(["BLPOP", "list", "0"]).then(
      () => "answered",
      () => "rejected",
    );
    await until("it waits", async () =>
      String(await server.main.ask(["INFO", "clients"])).includes("blocked_clients:1"),
    );
    await engine.restart();
    expect(await answer).toBe("rejected");
  });

  test("what was closed stays closed", async () => {
    const [main, blocked] = [server.main, server.dedicated()];
    await Promise.all([main.ask(["PING"]), blocked.ask(["PING"])]);
    server.close();
    for (const connection of [main, blocked, server.tracking])
      await expect(connection.ask(["PING"])).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
    await expect(server.subscriber.subscribe("news", () => {})).rejects.toMatchObject({ code: "CONNECTION_CLOSED" });
  });

  test("says that the server cannot be reached, and nobody waits for it again and again", async () => {
    await engine.kill();
    await expect(server.main.ask(["PING"])).rejects.toMatchObject({ code: "SERVER_UNREACHABLE" });
    const startedMs = performance.now();
    await expect(server.main.ask(["PING"])).rejects.toMatchObject({ code: "SERVER_UNREACHABLE" });
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });

  test("tracking that this user may not use is refused for good", async () => {
    await server.main.ask(["ACL", "SETUSER", "plain", "on", ">secret", "~*", "&*", "+@all", "-client|tracking"]);
    const limited = serverOf(like(engine.url.replace(":cache-password", "plain:secret")));
    for (let round = 0; round < 2; round++)
      await expect(limited.tracking.ask(["GET", "key"])).rejects.toMatchObject({
        code: "UNSUPPORTED",
      });
    expect(await limited.main.ask(["GET", "key"])).toBe(null);
    limited.close();
  });

  test("messages of channels, again after a reconnection", async () => {
    const heard: string[] = [];
    await server.subscriber.subscribe("news", (message) => heard.push(message.toString()));
    await server.main.ask(["PUBLISH", "news", "one"]);
    await until("it is heard", () => heard.length === 1);
    await engine.restart();
    await until("it is heard again", async () => {
      await server.main.ask(["PUBLISH", "news", "two"]).catch(() => {});
      return heard.includes("two");
    });
    await server.subscriber.unsubscribe("news");
  });
});
