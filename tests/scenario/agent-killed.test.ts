/** `kill -9` of the agent under load: engines outlive it, the next agent adopts them, and no client notices. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { CacheAccess } from "../fixture/cache-access.ts";
import { engineOf, enginePids } from "../fixture/engine-identity.ts";
import { isAlive, killDaemon } from "../fixture/processes.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { until } from "../fixture/until.ts";
import { WriteLoad } from "../fixture/write-load.ts";

let service: TestService;

beforeAll(async () => {
  service = await startService();
}, 60_000);
afterAll(() => service?.stop(), 30_000);

test("three times in a row", async () => {
  const cache = await CacheAccess.of(service, await service.createCache("steady"));
  const reader = await cache.ioredis();
  const engine = await engineOf(reader);
  const load = new WriteLoad(await Promise.all(Array.from({ length: 10 }, () => cache.ioredis())));
  for (let round = 0; round < 3; round++) {
    await load.progress(200);
    await killDaemon(service, "agent");
    await load.progress(200);
    expect(await engineOf(reader)).toEqual(engine);
  }
  expect(await load.stop(reader)).toMatchObject({ errors: [], wrong: [] });

  // Only a working agent can start another engine; the adopted one is still what the first cache runs on.
  await CacheAccess.of(service, await service.createCache("next"));
  const at = { resourceGroup: service.connection.resourceGroup, name: "steady" };
  await until(
    "the cache is available",
    async () => (await service.client.getCache(at)).properties.larder.state === "available",
  );
  expect(await engineOf(reader)).toEqual(engine);
  cache.close();
}, 60_000);

test("an adopted engine takes changes and is stopped with its cache", async () => {
  const others = enginePids(service);
  const cache = await CacheAccess.of(service, await service.createCache("changed"));
  const pids = enginePids(service).filter((pid) => !others.includes(pid));
  expect(pids.filter(isAlive)).toHaveLength(1);
  const reader = await cache.ioredis();
  const engine = await engineOf(reader);
  await killDaemon(service, "agent");
  const at = { resourceGroup: service.connection.resourceGroup, name: "changed" };
  await service.client.updateCache(at, { properties: { redisConfiguration: { "maxmemory-policy": "allkeys-lfu" } } });
  expect(await reader.info("memory")).toContain("maxmemory_policy:allkeys-lfu");
  expect(await engineOf(reader)).toEqual(engine);
  cache.close();
  await service.client.deleteCache(at);
  await until("the engine is gone", () => !pids.some(isAlive));
}, 60_000);
