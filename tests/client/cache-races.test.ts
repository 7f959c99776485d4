/** Caches of several processes against each other: nothing that was overtaken is left in either level. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type CacheProcesses, clientLibraries, startCacheProcesses } from "../fixture/cache-processes.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { randomFrom, testSeed } from "../fixture/seed.ts";
import { until } from "../fixture/until.ts";

const rounds = 300;
const changes = ["invalidate", "set", "tag", "prefix", "clear", "another's command"] as const;

let processes: CacheProcesses;
beforeEach(async () => {
  if (hasValkey) processes = await startCacheProcesses();
});
afterEach(() => processes?.stop());

describe.skipIf(!hasValkey).each(clientLibraries)("by %s", (_, like) => {
  test(`what is changed while it is loaded is nowhere afterwards (seed ${testSeed})`, async () => {
    const random = randomFrom(testSeed);
    const [one, other] = [processes.process({ like }), processes.process({ like })];
    const far = processes.process({ like, firstLevel: false });
    const key = ["product", 7, "price"];
    const options = { ttl: "1h", tags: ["sale"] } as const;
    let source = 0;
    const load = async () => {
      const value = source;
      await Bun.sleep(random(4));
      return value;
    };
    const change = async (kind: (typeof changes)[number]) => {
      await Bun.sleep(random(5));
      source++;
      const { cache, server } = random(2) === 0 ? one : other;
      if (kind === "set") return cache.set(key, source, options);
      if (kind === "tag") return cache.invalidateTags(["sale"]);
      if (kind === "prefix") return cache.invalidatePrefix(["product", 7]);
      if (kind === "clear") return cache.clear();
      if (kind === "invalidate") return cache.invalidate(key);
      return server.main.ask(["DEL", "test:product:7:price", "{test:product:7:price}:lease"]);
    };
    for (let round = 0; round < rounds; round++) {
      const kind = changes[random(changes.length)] as (typeof changes)[number];
      await Promise.all([
        one.cache.getOrLoad(key, load, options),
        other.cache.getOrLoad(key, load, options),
        change(kind),
        Bun.sleep(random(3)).then(() => one.cache.getOrLoad(key, load, options)),
      ]);
      await Promise.all([one.server.tracking.heartbeat(), other.server.tracking.heartbeat()]);
      const left = [one.cache.peek(key), other.cache.peek(key), await far.cache.get(key)];
      expect({ round, kind, stale: left.filter((value) => value !== undefined && value !== source) }).toEqual({
        round,
        kind,
        stale: [],
      });
    }
  }, 30_000);
});

test.skipIf(!hasValkey)("what two caches of one process share the connection of is told to both", async () => {
  const { server, cache } = processes.process();
  const { createCache } = await import("../../packages/client/cache/index.ts");
  const neighbour = createCache({ server, namespace: "test" });
  await neighbour.set("key", 1);
  await until("both have it", async () => {
    await cache.get("key");
    return cache.peek("key") === 1 && neighbour.peek("key") === 1;
  });
  await cache.set("key", 2);
  expect(neighbour.peek("key")).toBe(undefined);
  expect(await neighbour.get<number>("key")).toBe(2);
  neighbour.close();
});

test.skipIf(!hasValkey)(
  "a load that fails lets the next process load; one that waits gets the value of another",
  async () => {
    const [one, other] = [processes.process().cache, processes.process().cache];
    const [begun, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
    const failing = one.getOrLoad("key", () => {
      begun.resolve();
      return ended.promise;
    });
    await begun.promise;
    const waiting = other.getOrLoad("key", () => "loaded");
    await Bun.sleep(20);
    ended.reject(new Error("the source is away"));
    await expect(failing).rejects.toThrow("the source is away");
    expect(await waiting).toBe("loaded");
    expect(await one.getOrLoad("key", () => "not needed")).toBe("loaded");
  },
);

test.skipIf(!hasValkey)(
  "four processes that miss a key a thousand times load it once",
  async () => {
    const { server } = processes.process();
    const program = join(import.meta.dirname, "cache-misses.ts");
    const running = Array.from({ length: 4 }, () =>
      Bun.spawn([process.execPath, program, processes.engine.url], { stdout: "pipe", stderr: "inherit" }),
    );
    await until("all are ready", async () => (await server.main.ask(["GET", "ready"])) === "4");
    await server.main.ask(["SET", "go", "1"]);
    const answers = await Promise.all(running.map(({ stdout }) => new Response(stdout).text()));
    expect(answers).toEqual(Array(4).fill("1000 times loaded by 1\n"));
    expect(await server.main.ask(["GET", "loads"])).toBe("1");
  },
  30_000,
);
