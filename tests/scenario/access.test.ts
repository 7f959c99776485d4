/** Who may connect, where, and how many: keys and their renewal, the plain-text port, the limit of connections. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { CacheAccess } from "../fixture/cache-access.ts";
import type { RawClient } from "../fixture/raw-client.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { until } from "../fixture/until.ts";

let service: TestService;
const resourceGroup = "default";

beforeAll(async () => {
  service = await startService();
}, 60_000);
afterAll(() => service?.stop(), 30_000);

test("a renewed key replaces the old one; the other key goes on", async () => {
  const cache = await CacheAccess.of(service, await service.createCache("renewed"));
  const before = cache.keys;
  const connected = await cache.nodeRedis({ password: before.secondary });
  const renewed = await service.client.regenerateKey({ resourceGroup, name: "renewed" }, "Primary");
  expect(renewed.secondaryKey).toBe(before.secondary);
  expect(renewed.primaryKey).not.toBe(before.primary);
  await until("the new key is accepted", async () => (await cache.nodeRedis({ password: renewed.primaryKey })).isReady);
  await expect(cache.nodeRedis({ password: before.primary })).rejects.toThrow("WRONGPASS");
  expect(await connected.ping()).toBe("PONG");
  cache.close();
}, 30_000);

test("the plain-text port is there only while it is enabled", async () => {
  const created = await service.createCache("plain");
  expect((await CacheAccess.of(service, created)).plain).toBeUndefined();
  const at = { resourceGroup, name: "plain" };
  const cache = await CacheAccess.of(
    service,
    await service.client.updateCache(at, { properties: { enableNonSslPort: true } }),
  );
  const { plain } = cache;
  if (plain === undefined) throw new Error("the cache has no plain-text port");
  await until("the port answers", async () => (await (await cache.nodeRedis({}, plain)).ping()) === "PONG");
  await service.client.updateCache(at, { properties: { enableNonSslPort: false } });
  await until("the port is closed", () =>
    cache.raw(plain).then(
      (client) => {
        client.close();
        return false;
      },
      () => true,
    ),
  );
  expect(await (await cache.nodeRedis()).ping()).toBe("PONG");
  cache.close();
}, 30_000);

test("a C0 cache admits 256 connections; one more is told so", async () => {
  const cache = await CacheAccess.of(service, await service.createCache("limited"));
  const clients: RawClient[] = [];
  for (let batch = 0; batch < 8; batch++)
    clients.push(...(await Promise.all(Array.from({ length: 32 }, () => cache.rawAuthenticated()))));
  const refused = await cache.raw();
  refused.send(`AUTH ${cache.keys.primary}\r\n`);
  expect(await refused.ended()).toStartWith("-ERR max number of clients reached");
  clients.pop()?.close();
  await until("a place is free again", async () => {
    const again = await cache.rawAuthenticated();
    again.close();
    return true;
  });
  for (const client of clients) client.close();
}, 60_000);
