/** The cache as an application uses it, with a real server and by each library that can carry it. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Cache } from "../../packages/client/cache/index.ts";
import { type CacheProcesses, clientLibraries, startCacheProcesses } from "../fixture/cache-processes.ts";
import { hasRedis, hasValkey } from "../fixture/native-engine.ts";
import { until } from "../fixture/until.ts";

const engines = [...(hasValkey ? ["valkey-server" as const] : []), ...(hasRedis ? ["redis-server" as const] : [])];
const ways = clientLibraries.flatMap(([library, like]) => engines.map((engine) => [library, engine, like] as const));

describe.each(ways)("a cache by %s of %s", (_, engine, like) => {
  let processes: CacheProcesses;
  const process = (): { cache: Cache } => processes.process({ like });

  beforeEach(async () => {
    processes = await startCacheProcesses({ engine });
  });
  afterEach(() => processes.stop());

  test("loads once, then has it in both levels", async () => {
    const { cache } = process();
    const other = process().cache;
    let loads = 0;
    const load = () => ({ name: "shoe", loads: ++loads });
    expect(await cache.getOrLoad(["product", 7], load)).toEqual({ name: "shoe", loads: 1 });
    await until("the first level has it", () => cache.peek("product:7") !== undefined);
    expect(cache.getOrLoad("product:7", load)).toEqual({ name: "shoe", loads: 1 });
    expect(await other.getOrLoad("product:7", load)).toEqual({ name: "shoe", loads: 1 });
  });

  test("what another process changes is gone from the first level", async () => {
    const { cache } = process();
    const other = process().cache;
    await cache.set("key", 1);
    await until("the first level has it", () => cache.peek("key") === 1);
    expect(await other.set("key", 2)).toBe(true);
    await until("it is gone", () => cache.peek("key") === undefined);
    expect(await cache.get<number>("key")).toBe(2);
    expect(await other.invalidate("key")).toBe(true);
    await until("it is gone again", () => cache.peek("key") === undefined);
    expect(await cache.get("key")).toBe(undefined);
  });

  test("what this process stored itself is told of, too: by a load, by `set`, and versions", async () => {
    const { cache } = process();
    const other = process().cache;
    const load = () => "loaded";
    const ways: [string, () => unknown, () => unknown][] = [
      ["a load", () => cache.getOrLoad("key", load), () => other.invalidate("key")],
      ["set", () => cache.set("key", 1), () => other.set("key", 2)],
      ["a tag", () => cache.set("key", 1, { tags: ["tag"] }), () => other.invalidateTags(["tag"])],
      ["a tag again", () => cache.set("key", 1, { tags: ["tag"] }), () => other.invalidateTags(["tag"])],
    ];
    for (const [way, store, change] of ways) {
      await cache.invalidate("key");
      await store();
      await until(`${way} is kept`, () => cache.peek("key") !== undefined);
      await change();
      await until(`${way} is told of`, () => cache.peek("key") === undefined);
    }
  });

  test("tags, prefixes and all", async () => {
    const { cache } = process();
    const other = process().cache;
    const fill = async () => {
      await cache.set(["product", 1, "price"], 1, { tags: ["sale"] });
      await cache.set(["product", 2], 2);
      await cache.set("front", 3);
    };
    const left = () =>
      Promise.all([other.get<number>("product:1:price"), other.get<number>("product:2"), other.get<number>("front")]);
    await fill();
    expect(await left()).toEqual([1, 2, 3]);
    await cache.invalidateTags(["sale"]);
    await until("the tag is told", () => other.peek("product:1:price") === undefined);
    expect(await left()).toEqual([undefined, 2, 3]);
    await fill();
    await cache.invalidatePrefix("product:1");
    await until("the prefix is told", async () => (await left())[0] === undefined);
    expect(await left()).toEqual([undefined, 2, 3]);
    await cache.invalidatePrefix("product");
    await until("the prefix is told", async () => (await left())[1] === undefined);
    expect(await left()).toEqual([undefined, undefined, 3]);
    await cache.clear();
    await until("all is told", async () => (await left())[2] === undefined);
  });

  test("a thousand misses of one key in two caches are one load", async () => {
    const caches = [process().cache, process().cache];
    let loads = 0;
    const load = async () => {
      loads++;
      await Bun.sleep(50);
      return "value";
    };
    const values = await Promise.all(
      caches.flatMap((cache) => Array.from({ length: 1_000 }, () => cache.getOrLoad("key", load))),
    );
    expect(new Set(values)).toEqual(new Set(["value"]));
    expect(loads).toBe(1);
  });

  test("many keys: one load of those that are missing", async () => {
    const { cache } = process();
    await cache.set("b", "from before");
    const asked: unknown[] = [];
    const load = async (keys: readonly unknown[]) => {
      asked.push(keys);
      return keys.map((key) => (key === "none" ? null : `loaded ${key}`));
    };
    const keys = ["a", "b", "c", "a", "none"];
    const all = ["loaded a", "from before", "loaded c", "loaded a", null];
    expect(await cache.getMany(keys, load)).toEqual(all);
    expect(asked).toEqual([["a", "c", "none"]]);
    expect(await process().cache.getMany(keys, load)).toEqual(all);
    expect(asked.length).toBe(1);
  });
});
