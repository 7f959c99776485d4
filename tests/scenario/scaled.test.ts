/** Another tier, another size, more and fewer replicas, with data and under load: nobody notices, and nothing is lost. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { totalmem } from "node:os";
import { type RedisCreateProperties, skuLimits } from "@larder/api";
import { CacheAccess } from "../fixture/cache-access.ts";
import { CacheNodes } from "../fixture/cache-nodes.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { SteadyClients, unnoticed } from "../fixture/steady-clients.ts";
import { until } from "../fixture/until.ts";

const basic = (capacity: number) => ({ name: "Basic", family: "C", capacity }) as const;
const standard = (capacity: number) => ({ name: "Standard", family: "C", capacity }) as const;
const GiB = 1024 ** 3;
/** Three hosts share what the machine has; each needs room for a cache of 2.5 GB beside another. */
const isLargeMachine = totalmem() > 14 * GiB;

let service: TestService;

function serve(hosts: number): void {
  beforeAll(async () => {
    service = await startService({ engine: "native", hosts });
  }, 60_000);
  afterAll(() => service?.stop(), 30_000);
}

describe.skipIf(!hasValkey)("a cache", () => {
  serve(1);

  const steps: Partial<RedisCreateProperties>[] = [
    { sku: standard(0) },
    { sku: standard(1) },
    { sku: { name: "Premium", family: "P", capacity: 1 } },
    { replicasPerPrimary: 2 },
    { replicasPerPrimary: 1 },
  ];
  const valueBytes = 64 * 1024;
  const valueCount = 800;

  test("with 50 MB becomes larger step by step, and gets and loses replicas", async () => {
    const cache = await CacheAccess.of(service, await service.createCache("grown"));
    const nodes = new CacheNodes(service, "grown");
    const client = await cache.ioredis();
    const keys = Array.from({ length: valueCount }, (_, index) => `kept:${index}`);
    await Promise.all(keys.map((key) => client.set(key, Buffer.alloc(valueBytes, "larder"))));
    const clients = await SteadyClients.at(cache);
    for (const properties of steps) {
      await service.client.updateCache(nodes.at, { properties });
      await nodes.untilWhole();
      await nodes.switchOver();
      await clients.progress(10);
      expect(new Set(await Promise.all(keys.map((key) => client.strlen(key))))).toEqual(new Set([valueBytes]));
    }
    expect(await clients.stop()).toEqual(unnoticed);
    expect((await nodes.look()).nodes).toHaveLength(2);
    cache.close();
  }, 120_000);

  test("becomes smaller than its data only where eviction is accepted", async () => {
    const created = await service.createCache("shrunk", {
      sku: basic(2),
      redisConfiguration: { "maxmemory-policy": "allkeys-lru" },
    });
    const cache = await CacheAccess.of(service, created);
    const nodes = new CacheNodes(service, "shrunk");
    const client = await cache.ioredis();
    for (const key of ["one", "other"]) await client.setrange(key, 450_000_000, "end");
    await until("its memory is known", async () => ((await nodes.look()).memoryBytesUsed ?? 0) > 900_000_000);
    const shrink = (acceptEviction: boolean) =>
      service.client.updateCache(nodes.at, { properties: { sku: basic(1), larder: { acceptEviction } } });
    await expect(shrink(false)).rejects.toThrow(/uses 8\d\d MB .* has 1024 MB/);
    expect(await client.dbsize()).toBe(2);
    expect((await shrink(true)).properties.larder.memoryBytesMax).toBe(GiB);
    expect(client.status).toBe("ready");
    cache.close();
  }, 60_000);
});

describe.skipIf(!hasValkey || !isLargeMachine)("on hosts of which one is nearly full, a cache", () => {
  serve(3);

  async function hostNamed(name: string) {
    const host = (await service.client.listHosts()).find((each) => each.name === name);
    if (host === undefined) throw new Error(`there is no ${name}`);
    return host;
  }

  /** As the service counts: a tenth of a host is kept. */
  async function freeBytes(name: string): Promise<number> {
    const { memoryBytesTotal, memoryBytesUsed } = await hostNamed(name);
    return (memoryBytesTotal ?? 0) * 0.9 - memoryBytesUsed;
  }

  async function drain(name: string, wish: "drain" | "undrain"): Promise<void> {
    await service.client.drainHost((await hostNamed(name)).hostId, wish);
  }

  const bytesOf = (capacity: number) => skuLimits(basic(capacity))?.memoryBytes ?? 0;

  test("becomes larger on another", async () => {
    await drain("host-2", "drain");
    await drain("host-3", "drain");
    for (let free = await freeBytes("host-1"); free >= bytesOf(2); free = await freeBytes("host-1")) {
      const capacity = [3, 2, 1].find((each) => bytesOf(each) <= free - bytesOf(1)) ?? 1;
      await service.createCache(`ballast-${Math.floor(free)}`, { sku: basic(capacity) });
    }
    await drain("host-2", "undrain");
    const cache = await CacheAccess.of(service, await service.createCache("moved", { sku: standard(1) }));
    const nodes = new CacheNodes(service, "moved");
    const hosts = async () => (await nodes.look()).nodes.map(({ host }) => host).sort();
    const before = await hosts();
    await drain("host-3", "undrain");
    const clients = await SteadyClients.at(cache);
    await service.client.updateCache(nodes.at, { properties: { sku: standard(2) } });
    await nodes.untilWhole();
    await clients.progress(10);
    expect(await clients.stop()).toEqual(unnoticed);
    expect(await hosts()).not.toEqual(before);
    expect((await hostNamed("host-1")).nodes.filter((node) => node.cache === "moved")).toEqual([]);
    cache.close();
  }, 60_000);
});
