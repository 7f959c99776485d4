/** The official Azure client against the controller, with an agent and a gateway that only speak the protocol. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { RedisManagementClient } from "@azure/arm-rediscache";
import { ControllerFixture } from "./controller-fixture.ts";

const fixture = new ControllerFixture();
let client: RedisManagementClient;

beforeAll(async () => {
  await fixture.start();
  await fixture.group();
  const credential = { getToken: async () => ({ token: fixture.token, expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) };
  const options = { endpoint: fixture.base, tlsOptions: { ca: fixture.ca } };
  client = new RedisManagementClient(credential, await fixture.subscription(), options);
});
afterAll(() => fixture.stop());

const sku = { name: "Basic", family: "C", capacity: 0 };

test("the official client creates, reads, changes and deletes a cache", async () => {
  await client.redis.checkNameAvailability({ name: "Shop", type: "Microsoft.Cache/redis" });
  const created = await client.redis.beginCreateAndWait("default", "Shop", {
    location: "local",
    sku,
    tags: { team: "a" },
  });
  expect(created).toMatchObject({
    name: "Shop",
    type: "Microsoft.Cache/Redis",
    provisioningState: "Succeeded",
    hostName: "shop.larder.localhost",
    sslPort: 6380,
    tags: { team: "a" },
    redisConfiguration: { maxclients: "256" },
  });
  expect(created.accessKeys ?? undefined).toBeUndefined();
  await expect(
    client.redis.checkNameAvailability({ name: "shop", type: "Microsoft.Cache/redis" }),
  ).rejects.toMatchObject({
    code: "NameNotAvailable",
    statusCode: 409,
  });

  expect(await client.redis.get("DEFAULT", "shop")).toMatchObject({ id: created.id as string, name: "Shop" });
  expect(await names(client.redis.listByResourceGroup("default"))).toEqual(["Shop"]);
  expect(await names(client.redis.listBySubscription())).toEqual(["Shop"]);

  const keys = await client.redis.listKeys("default", "Shop");
  expect(keys.primaryKey).toHaveLength(44);
  const renewed = await client.redis.regenerateKey("default", "Shop", { keyType: "Primary" });
  expect(renewed.primaryKey).not.toBe(keys.primaryKey as string);
  expect(renewed.secondaryKey).toBe(keys.secondaryKey as string);

  const updated = await client.redis.beginUpdateAndWait("default", "Shop", {
    enableNonSslPort: true,
    redisConfiguration: { maxmemoryPolicy: "allkeys-lru" },
  });
  expect(updated).toMatchObject({
    name: "Shop",
    provisioningState: "Succeeded",
    enableNonSslPort: true,
    redisConfiguration: { maxmemoryPolicy: "allkeys-lru" },
    tags: { team: "a" },
  });

  const { patchSchedules } = client;
  const scheduleEntries = [{ dayOfWeek: "Everyday" as const, startHourUtc: 3, maintenanceWindow: "PT6H" }];
  const schedule = await patchSchedules.createOrUpdate("default", "Shop", "default", { scheduleEntries });
  expect(schedule).toMatchObject({ name: "Shop/default", location: "local", scheduleEntries });
  expect(await patchSchedules.get("default", "Shop", "default")).toEqual(schedule);
  expect(await names(patchSchedules.listByRedisResource("default", "Shop"))).toEqual(["Shop/default"]);
  await patchSchedules.delete("default", "Shop", "default");
  await expect(patchSchedules.get("default", "Shop", "default")).rejects.toMatchObject({ statusCode: 404 });

  expect(await client.redis.beginFlushCacheAndWait("default", "Shop")).toMatchObject({ status: "Succeeded" });
  expect(fixture.agent.orders.map(({ kind }) => kind)).toEqual(["flush"]);
  const reboot = await client.redis.forceReboot("default", "Shop", { rebootType: "AllNodes" });
  expect(reboot.message).toContain("has begun");

  await client.redis.beginDeleteAndWait("default", "Shop");
  await expect(client.redis.get("default", "Shop")).rejects.toMatchObject({
    code: "ResourceNotFound",
    statusCode: 404,
  });
  expect(fixture.gateway.table?.routes).toEqual([]);
  expect(fixture.agent.desired?.nodes).toEqual([]);
});

test("a creation that fails tells the client why", async () => {
  fixture.agent.outcome = () => ({ state: "failed", error: { code: "EngineNotAvailable", message: "no engine here" } });
  await expect(client.redis.beginCreateAndWait("default", "broken", { location: "local", sku })).rejects.toMatchObject({
    message: expect.stringContaining("no engine here"),
  });
  expect((await client.redis.get("default", "broken")).provisioningState).toBe("Failed");
});

async function names(pages: AsyncIterable<{ name?: string }>): Promise<(string | undefined)[]> {
  return await Array.fromAsync(pages, (resource) => resource.name);
}
