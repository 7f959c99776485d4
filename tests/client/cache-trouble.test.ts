/** What a cache does when its server, its values or its loaders are not as they should be: the application's call goes on. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  type CacheEvent,
  type CacheOptions,
  createCache,
  messagePackSerializer,
  structuredCloneSerializer,
} from "../../packages/client/cache/index.ts";
import { type CacheProcesses, clientLibraries, startCacheProcesses } from "../fixture/cache-processes.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { until } from "../fixture/until.ts";

const key = "key";
const stored = "test:key";

let processes: CacheProcesses;
beforeEach(async () => {
  if (hasValkey) processes = await startCacheProcesses();
});
afterEach(() => processes?.stop());

function heard(options: Partial<CacheOptions> = {}, more: { url?: string } = {}) {
  const process = processes.process({ ...options, ...more });
  const troubles: string[] = [];
  const loads: string[] = [];
  process.cache.on("trouble", ({ what }) => troubles.push(what));
  process.cache.on("load", ({ outcome }) => loads.push(outcome));
  return { ...process, troubles, loads };
}

describe.skipIf(!hasValkey)("values", () => {
  test.each([
    ["no value of a cache", Buffer.from("{}")],
    ["an envelope that was cut", "cut"],
    ["another format", "format"],
    ["a payload that is none", "payload"],
    ["another type of key", "list"],
  ] as const)("%s: a miss that is loaded anew and replaced", async (_, kind) => {
    const { cache, server, troubles } = heard();
    const other = heard().cache;
    await other.set(key, { good: true });
    const good = (await server.main.askBytes(["GET", stored])) as Buffer;
    if (kind === "list") {
      await server.main.ask(["DEL", stored]);
      await server.main.ask(["RPUSH", stored, "one"]);
    } else {
      const bad = Buffer.from(good);
      if (kind === "format") bad[1] = 2;
      if (kind === "payload") bad[bad.length - 1] = 0;
      await server.main.ask(["SET", stored, kind === "cut" ? bad.subarray(0, -3) : Buffer.isBuffer(kind) ? kind : bad]);
    }
    expect(await cache.getOrLoad(key, () => "anew")).toBe("anew");
    expect(troubles).toEqual(kind === "list" ? [] : ["value"]);
    expect(await other.getOrLoad(key, () => "not needed")).toBe("anew");
  });

  test("of another serializer: a miss", async () => {
    await heard({ serializer: messagePackSerializer }).cache.set(key, 1);
    const { cache, troubles } = heard({ serializer: structuredCloneSerializer });
    expect(await cache.get(key)).toBe(undefined);
    expect(await cache.getOrLoad(key, () => new Map([["a", 1n]]))).toEqual(new Map([["a", 1n]]));
    expect(troubles).toEqual(["value", "value"]);
  });

  test("that the serializer cannot store are the caller's, and not stored", async () => {
    const { cache, troubles, loads } = heard();
    expect(await cache.getOrLoad<bigint>(key, () => 1n)).toBe(1n);
    expect(await cache.getOrLoad(key, () => undefined)).toBe(undefined);
    expect({ troubles, loads }).toEqual({ troubles: ["value"], loads: ["not stored", "not stored"] });
  });

  test("long ones are compressed, in both ways", async () => {
    const { cache, server } = heard();
    const other = heard().cache;
    for (const count of [5_000, 50_000]) {
      const value = Array.from({ length: count }, (_, index) => index % 10);
      await cache.set(["long", count], value);
      expect(await other.get<number[]>(["long", count])).toEqual(value);
      expect(Number(await server.main.ask(["STRLEN", `test:long:${count}`]))).toBeLessThan(count);
    }
  });

  test("cannot be changed by who gets them", async () => {
    const { cache } = heard();
    const value = await cache.getOrLoad(key, () => ({ list: [{ a: 1 }] }));
    expect(() => {
      value.list.push({ a: 2 });
    }).toThrow(TypeError);
  });

  test.each([
    "with space",
    "with\nnewline",
    "🏃‍♀️ shoe",
    "{brace}",
    "#hash",
    "\ud800 alone",
    "long".repeat(2_500),
    "a:b:c:d:e:f:g:h:i:j:k",
  ])("of an odd key", async (odd) => {
    const { cache } = heard();
    expect(await cache.getOrLoad(odd, () => 1)).toBe(1);
    expect(await cache.getOrLoad(odd, () => 2)).toBe(1);
    expect(await heard().cache.get<number>(odd)).toBe(1);
    await cache.invalidate(odd);
    expect(await cache.getOrLoad(odd, () => 3)).toBe(3);
  });
});

describe.skipIf(!hasValkey)("loaders", () => {
  test("that throw: their error, and the next call loads again", async () => {
    const { cache, loads } = heard();
    const fails = () => {
      throw new Error("no database");
    };
    expect(cache.getOrLoad(key, fails)).rejects.toThrow("no database");
    await until("it has failed", () => loads.length === 1);
    expect(await cache.getOrLoad(key, () => 1)).toBe(1);
  });

  test("that hang: LoadTimeout, an aborted signal, and the lease is free", async () => {
    const { cache } = heard();
    let signal: AbortSignal | undefined;
    const hangs = cache.getOrLoad(
      key,
      (context) => {
        signal = context.signal;
        return new Promise(() => {});
      },
      { hardTimeout: 50 },
    );
    await expect(hangs).rejects.toMatchObject({ code: "LOAD_TIMEOUT" });
    expect(signal?.aborted).toBe(true);
    expect(await heard().cache.getOrLoad(key, () => 1)).toBe(1);
  });

  test("that fail or are slow while there is an old value: the old one", async () => {
    const { cache } = heard({ defaults: { ttl: 1, staleIfError: "1h", jitter: 0 } });
    await cache.set(key, "old");
    await Bun.sleep(5);
    expect(await cache.getOrLoad<string>(key, () => Promise.reject(new Error("no database")))).toBe("old");
    const slow = () => Bun.sleep(100).then(() => "new");
    expect(await cache.getOrLoad(key, slow, { softTimeout: 10, ttl: "1h" })).toBe("old");
    await until("the load has gone on", async () => (await cache.get<string>(key)) === "new");
  });

  test("stale while it is loaded anew", async () => {
    const { cache } = heard({ defaults: { jitter: 0, staleWhileRevalidate: "1h" } });
    await cache.set(key, "old", { ttl: 1 });
    await Bun.sleep(5);
    expect(await cache.getOrLoad(key, () => "new", { ttl: "1h" })).toBe("old");
    await until("it is loaded", async () => (await cache.get<string>(key)) === "new");
    await cache.expire(key);
    expect(await cache.getOrLoad(key, () => "newer", { ttl: "1h" })).toBe("new");
    await until("it is loaded again", async () => (await cache.get<string>(key)) === "newer");
  });

  test("`null` is remembered for its own time", async () => {
    const { cache } = heard();
    let loads = 0;
    const none = () => {
      loads++;
      return null;
    };
    const options = { ttl: "1h", negativeTtl: "1h" } as const;
    expect(await cache.getOrLoad(key, none, options)).toBe(null);
    expect(await cache.getOrLoad(key, none, options)).toBe(null);
    expect(await heard().cache.getOrLoad(key, none, options)).toBe(null);
    expect(loads).toBe(1);
  });

  test("tags that the value has", async () => {
    const { cache } = heard();
    const options = { tags: (value: unknown) => [`author ${(value as { author: number }).author}`] };
    await cache.getOrLoad(key, () => ({ author: 1 }), options);
    expect(await cache.get(key)).toEqual({ author: 1 });
    await cache.invalidateTags(["author 1"]);
    expect(await cache.get(key)).toBe(undefined);
    const [begun, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<{ author: number }>()];
    const load = () => {
      begun.resolve();
      return ended.promise;
    };
    const overtaken = cache.getOrLoad(key, load, options);
    await begun.promise;
    await heard().cache.invalidateTags(["author 1"]);
    ended.resolve({ author: 1 });
    expect(await overtaken).toEqual({ author: 1 });
    expect(await cache.get(key)).toBe(undefined);
  });
});

describe.skipIf(!hasValkey)("servers", () => {
  test.each([
    ["refuse scripts", ["+@all", "-eval", "-evalsha"], ["server"]],
    ["may not be written", ["+@all", "-set"], ["server"]],
    ["may not be read", ["+@all", "-get", "-mget"], ["server"]],
  ])("that %s: the loader's value", async (_, rules, expected) => {
    const { server } = heard();
    await server.main.ask(["ACL", "SETUSER", "plain", "on", ">secret", "~*", "&*", ...rules]);
    const url = processes.engine.url.replace(":cache-password", "plain:secret");
    const { cache, troubles } = heard({}, { url });
    expect(await cache.getOrLoad(key, () => "loaded")).toBe("loaded");
    expect(await cache.set(key, 1)).toBe(false);
    expect([...new Set(troubles)]).toEqual(expected);
  });

  test("that do not tell of changes: no first level, and said once", async () => {
    const { server } = heard();
    await server.main.ask(["ACL", "SETUSER", "plain", "on", ">secret", "~*", "&*", "+@all", "-client|tracking"]);
    const url = processes.engine.url.replace(":cache-password", "plain:secret");
    const { cache, troubles } = heard({}, { url });
    let loads = 0;
    for (let round = 0; round < 3; round++) expect(await cache.getOrLoad(key, () => ++loads)).toBe(1);
    expect(cache.peek(key)).toBe(undefined);
    const waiting = heard({}, { url }).cache;
    const begun = Promise.withResolvers<void>();
    const slow = cache.getOrLoad("other", () => {
      begun.resolve();
      return Bun.sleep(50).then(() => "by one");
    });
    await begun.promise;
    expect(await waiting.getOrLoad("other", () => "by the other")).toBe("by one");
    await slow;
    expect(troubles).toEqual(["tracking"]);
    const { server: refused } = heard({}, { url });
    await refused.tracking.ask(["PING"]).catch(() => {});
    const late = createCache({ server: refused, namespace: "test" });
    const told: string[] = [];
    late.on("trouble", ({ what }) => told.push(what));
    await late.getOrLoad(key, () => 0);
    await until("it is told, too", () => told.length > 0);
    expect(told).toEqual(["tracking"]);
    late.close();
  });

  test("that are full: the loader's value; what is there is still read and can be invalidated", async () => {
    const { cache, server, troubles } = heard({ firstLevel: false });
    await cache.set("there", 1);
    await server.main.ask(["CONFIG", "SET", "maxmemory", "1"]);
    expect(await cache.getOrLoad(key, () => "loaded")).toBe("loaded");
    expect(await cache.set(key, 1)).toBe(false);
    expect(await cache.get<number>("there")).toBe(1);
    expect(await cache.invalidate("there")).toBe(true);
    expect(await cache.get("there")).toBe(undefined);
    expect(new Set(troubles)).toEqual(new Set(["server"]));
  });

  test("that freeze: one time-out, then none until it is back", async () => {
    const { cache, troubles } = heard({
      serverTimeout: 200,
      breaker: { openFor: 300 },
      firstLevel: { silenceMsMax: 200 },
    });
    await cache.getOrLoad("warm", () => 1);
    processes.engine.freeze();
    const startMs = performance.now();
    expect(await cache.getOrLoad("first", () => "loaded")).toBe("loaded");
    const firstMs = performance.now() - startMs;
    for (let call = 0; call < 50; call++) await cache.getOrLoad(`then ${call}`, () => "loaded");
    const restMs = performance.now() - startMs - firstMs;
    expect(firstMs).toBeGreaterThan(190);
    // Fifty time-outs take ten times as long.
    expect(restMs).toBeLessThan(1_000);
    await until("what was kept is not believed", () => cache.peek("warm") === undefined);
    processes.engine.thaw();
    await until("the server is asked again", async () => {
      await cache.get("cold");
      return troubles.includes("breaker closed");
    });
    expect(await cache.set("warm", 3)).toBe(true);
    expect(troubles.filter((what) => what === "breaker open").length).toBe(1);
  });

  test("that are not there: the loader's value, and the cache comes to life with them", async () => {
    await processes.engine.kill();
    const { cache } = heard({ serverTimeout: 100, breaker: { openFor: 50 } });
    expect(await cache.getOrLoad(key, () => "loaded")).toBe("loaded");
    expect(await cache.invalidate(key)).toBe(false);
    await processes.engine.restart();
    await until("it is kept", async () => {
      await cache.getOrLoad(key, () => "stored");
      return cache.peek(key) === "stored";
    });
  });
});

describe.skipIf(!hasValkey).each(clientLibraries)("the connection that tells of changes, by %s", (_, like) => {
  test("is killed again and again: nothing old is read later than the bound", async () => {
    const silenceMsMax = 300;
    const { cache, server } = processes.process({ like, firstLevel: { silenceMsMax } });
    const writer = processes.process().cache;
    for (let round = 0; round < 5; round++) {
      await writer.set(key, round);
      await until("the first level has it", async () => {
        await cache.get(key);
        return cache.peek(key) === round;
      });
      const list = String(await server.main.ask(["CLIENT", "LIST"]));
      const tracking = list.split("\n").filter((line) => / flags=\S*[tR]/.test(line) || / sub=[1-9]/.test(line));
      const ids = tracking.map((line) => /id=(\d+)/.exec(line)?.[1] as string);
      await Promise.all(ids.map((id) => server.main.ask(["CLIENT", "KILL", "ID", id])));
      await writer.set(key, round + 0.5);
      await Bun.sleep(silenceMsMax);
      expect([undefined, round + 0.5]).toContain(cache.peek<number>(key));
    }
  }, 20_000);
});

test.skipIf(!hasValkey)(
  "clocks that jump: entries end when the server says, whatever the wall clock here does",
  async () => {
    const { systemClock } = await import("../../packages/client/clock.ts");
    let jumpMs = 0;
    const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + jumpMs };
    const { cache } = heard({ clock });
    await cache.set(key, 1, { ttl: "1m" });
    jumpMs = -86_400_000;
    expect(await heard().cache.get<number>(key)).toBe(1);
    jumpMs = 86_400_000;
    expect(await cache.get<number>(key)).toBe(1);
  },
);

test("without a server: the first level, one load per key, tags and stale values", async () => {
  const cache = createCache({ namespace: "alone", defaults: { jitter: 0 } });
  const events: CacheEvent[] = [];
  cache.on("*", (event) => events.push(event));
  let loads = 0;
  const load = () => Bun.sleep(5).then(() => ++loads);
  const values = await Promise.all([1, 2, 3].map(() => cache.getOrLoad(["a", 1], load, { tags: ["t"] })));
  expect(values).toEqual([1, 1, 1]);
  expect(cache.getOrLoad("a:1", load)).toBe(1);
  await cache.invalidateTags(["t"]);
  expect(await cache.getOrLoad("a:1", load, { ttl: 1, staleWhileRevalidate: "1h" })).toBe(2);
  await Bun.sleep(5);
  expect(cache.getOrLoad("a:1", load, { staleWhileRevalidate: "1h" })).toBe(2);
  await until("it is loaded anew", () => cache.peek("a:1") === 3);
  expect(await cache.getOrLoad<number>("a:1", () => Promise.reject(new Error("no")), {})).toBe(3);
  await cache.expire("a:1");
  expect(await cache.getOrLoad<number>("a:1", () => Promise.reject(new Error("no")), { staleIfError: "1h" })).toBe(3);
  await cache.invalidatePrefix("a");
  expect(await cache.get("a:1")).toBe(undefined);
  expect(cache.stats().families).toMatchObject({ a: { loads: 4, loadsFailed: 1 } });
  expect(events.length).toBeGreaterThan(5);
  cache.close();
});
