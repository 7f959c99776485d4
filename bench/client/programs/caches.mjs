/**
 * The caches, each as its own documentation sets it up: a first level, Redis behind it, and what keeps the first level right, as far as it has
 * these. `levels` is "both", "first" or "second".
 *
 *   get(key, load)  what is cached, else what `load` brings, which is cached
 *   invalidate(key) after a write
 */
import { connect } from "@larder/client";
import { createCache as createLarderCache } from "@larder/client/cache";

const ttlMs = 3_600_000;
const firstLevelBytesMax = 256 * 1024 * 1024;

export const caches = {
  async larder({ url, levels }) {
    const server = levels === "first" ? undefined : connect(url);
    const cache = createLarderCache({
      ...(server && { server }),
      namespace: "bench",
      firstLevel: levels === "second" ? false : { bytesMax: firstLevelBytesMax },
      defaults: { ttl: ttlMs },
    });
    return { get: (key, load) => cache.getOrLoad(key, load), invalidate: (key) => cache.invalidate(key) };
  },

  /** The first level is too small to keep anything, so that reads are remembered by the server and answered by it. */
  async "larder, tracking"({ url }) {
    const cache = createLarderCache({
      server: connect(url),
      namespace: "bench",
      firstLevel: { bytesMax: 1_024 },
      defaults: { ttl: ttlMs },
    });
    return { get: (key, load) => cache.getOrLoad(key, load), invalidate: (key) => cache.invalidate(key) };
  },

  async "lru-cache"() {
    const { LRUCache } = await import("lru-cache");
    const cache = new LRUCache({ max: 200_000 });
    return {
      get(key, load) {
        const value = cache.get(key);
        if (value !== undefined) return value;
        const loaded = load();
        cache.set(key, loaded);
        return loaded;
      },
    };
  },

  async bentocache({ url, levels }) {
    const { BentoCache, bentostore } = await import("bentocache");
    const { memoryDriver } = await import("bentocache/drivers/memory");
    const { redisBusDriver, redisDriver } = await import("bentocache/drivers/redis");
    const connection = url && addressOf(url);
    let store = bentostore();
    if (levels !== "second") store = store.useL1Layer(memoryDriver({ maxSize: firstLevelBytesMax, maxItems: 200_000 }));
    if (levels !== "first") store = store.useL2Layer(redisDriver({ connection }));
    if (levels === "both") store = store.useBus(redisBusDriver({ connection }));
    const cache = new BentoCache({ default: "store", stores: { store } });
    return {
      get: (key, load) => cache.getOrSet({ key, factory: load, ttl: ttlMs }),
      invalidate: (key) => cache.delete({ key }),
    };
  },

  async "cache-manager"({ url, levels }) {
    const [{ createCache }, { Keyv }, { default: KeyvRedis }, { CacheableMemory }] = await Promise.all([
      import("cache-manager"),
      import("keyv"),
      import("@keyv/redis"),
      import("cacheable"),
    ]);
    const stores = [];
    if (levels !== "second") stores.push(new Keyv({ store: new CacheableMemory({ lruSize: 200_000 }) }));
    if (levels !== "first") stores.push(new Keyv({ store: new KeyvRedis(url) }));
    const cache = createCache({ stores, ttl: ttlMs });
    return { get: (key, load) => cache.wrap(key, load), invalidate: (key) => cache.del(key) };
  },

  async cacheable({ url, levels }) {
    const [{ Cacheable }, { Keyv }, { default: KeyvRedis }] = await Promise.all([
      import("cacheable"),
      import("keyv"),
      import("@keyv/redis"),
    ]);
    const cache = new Cacheable({
      ttl: ttlMs,
      ...(levels !== "first" && { secondary: new Keyv({ store: new KeyvRedis(url) }) }),
    });
    return { get: (key, load) => cache.getOrSet(key, load, { ttl: ttlMs }), invalidate: (key) => cache.delete(key) };
  },

  async "redis, client-side cache"({ url }) {
    const { createClient } = await import("redis");
    const client = createClient({
      url,
      RESP: 3,
      commandOptions: { timeout: undefined },
      clientSideCache: { ttl: 0, maxEntries: 200_000, evictPolicy: "LRU" },
    });
    await client.connect();
    return byHand(
      (key) => client.get(key),
      (key, text) => client.set(key, text, { PX: ttlMs }),
      (key) => client.del(key),
    );
  },
};

function addressOf(url) {
  const { hostname: host, port, password } = new URL(url);
  return { host, port: Number(port), password };
}

/** Cache-aside as an application without a library writes it. */
function byHand(read, write, remove) {
  return {
    async get(key, load) {
      const text = await read(key);
      if (text !== null && text !== undefined) return JSON.parse(text);
      const value = await load();
      await write(key, JSON.stringify(value));
      return value;
    },
    invalidate: remove,
  };
}
