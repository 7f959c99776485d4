/** The official client, @azure/arm-rediscache, runs every operation that it has. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { RedisManagementClient } from "@azure/arm-rediscache";
import { systemClock } from "@larder/service";
import { ControllerFixture } from "../../packages/controller/controller-fixture.ts";
import { operationsSection } from "./operations-page.ts";
import { all, built, OperationsRun } from "./operations-run.ts";

let sinceStartMs = 0;
const fixture = new ControllerFixture({
  clock: { ...systemClock, nowMs: () => systemClock.nowMs() + sinceStartMs },
});
const run = new OperationsRun();
let client: RedisManagementClient;
let subscription: string;

beforeAll(async () => {
  fixture.agent.memoryBytesTotal = 64 * 1024 ** 3;
  fixture.agent.answer = () => ({ error: null, offset: 0 });
  fixture.gateway.privateNetworks = ["blue"];
  await fixture.start();
  // A change of the primary waits a while for the first reports after a start.
  sinceStartMs = 10_000;
  await fixture.group();
  subscription = await fixture.subscription();
  const credential = { getToken: async () => ({ token: fixture.token, expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) };
  const plain = new RedisManagementClient(credential, subscription, {
    endpoint: fixture.base,
    tlsOptions: { ca: fixture.ca },
    additionalPolicies: [{ policy: run.policy, position: "perRetry" }],
  });
  client = run.watched(plain);
});
afterAll(() => fixture.stop());

const group = "default";
const name = "shop";
const at = [group, name] as const;

test("of the provider, and of caches", async () => {
  await all(client.operations.list());
  await client.redis.checkNameAvailability({ name, type: "Microsoft.Cache/redis" });
  const sku = { name: "Premium", family: "P", capacity: 1 };
  await client.redis.beginCreateAndWait(...at, { location: "local", sku, tags: { team: "a" } });
  const created = await client.redis.get(...at);
  expect(created).toMatchObject({ name, provisioningState: "Succeeded", tags: { team: "a" } });
  await all(client.redis.listByResourceGroup(group));
  await all(client.redis.listBySubscription());
  await client.redis.listKeys(...at);
  await client.redis.regenerateKey(...at, { keyType: "Secondary" });
  await client.redis.beginUpdateAndWait(...at, { enableNonSslPort: true });
  await client.redis.beginFlushCacheAndWait(...at);
  await built(all(client.redis.listUpgradeNotifications(...at, 5000)));
  const poller = await client.redis.beginUpdate(...at, { redisConfiguration: { maxmemoryPolicy: "allkeys-lru" } });
  await poller.pollUntilDone();
});

test("of what is in a cache", async () => {
  const scheduleEntries = [{ dayOfWeek: "Everyday" as const, startHourUtc: 3 }];
  await client.patchSchedules.createOrUpdate(...at, "default", { scheduleEntries });
  await client.patchSchedules.get(...at, "default");
  await all(client.patchSchedules.listByRedisResource(...at));
  await client.patchSchedules.delete(...at, "default");

  await client.firewallRules.createOrUpdate(...at, "office", { startIP: "10.0.0.1", endIP: "10.0.0.9" });
  await client.firewallRules.get(...at, "office");
  await all(client.firewallRules.list(...at));
  await client.firewallRules.delete(...at, "office");

  await built(client.accessPolicy.beginCreateUpdateAndWait(...at, "readers", { permissions: "+@read ~*" }));
  await built(client.accessPolicy.get(...at, "readers"));
  await built(all(client.accessPolicy.list(...at)));
  await built(client.accessPolicy.beginDeleteAndWait(...at, "readers"));

  const assignment = { accessPolicyName: "Data Reader", objectId: crypto.randomUUID(), objectIdAlias: "ada" };
  await built(client.accessPolicyAssignment.beginCreateUpdateAndWait(...at, "ada", assignment));
  await built(client.accessPolicyAssignment.get(...at, "ada"));
  await built(all(client.accessPolicyAssignment.list(...at)));
  await built(client.accessPolicyAssignment.beginDeleteAndWait(...at, "ada"));
});

test("of what a cache is connected with", async () => {
  const linked = `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Cache/Redis/other`;
  const link = { linkedRedisCacheId: linked, linkedRedisCacheLocation: "local", serverRole: "Secondary" as const };
  await built(client.linkedServer.beginCreateAndWait(...at, "other", link));
  await built(client.linkedServer.get(...at, "other"));
  await built(all(client.linkedServer.list(...at)));
  await built(client.linkedServer.beginDeleteAndWait(...at, "other"));

  await all(client.privateLinkResources.listByRedisCache(...at));
  await connectPrivately();
  const [connection] = await all(client.privateEndpointConnections.list(...at));
  const asked = [...at, connection?.name as string] as const;
  const approval = { privateLinkServiceConnectionState: { status: "Approved", description: "yes" } };
  await client.privateEndpointConnections.beginPutAndWait(...asked, approval);
  const approved = await client.privateEndpointConnections.get(...asked);
  expect(approved.privateLinkServiceConnectionState).toMatchObject(approval.privateLinkServiceConnectionState);
  await client.privateEndpointConnections.delete(...asked);
});

test("of data that comes and goes, and of what is polled", async () => {
  fixture.agent.progress = () => ({ state: "done", keys: 1 });
  const container = `https://account.blob.core.windows.net/box?${signature()}`;
  await client.redis.beginExportDataAndWait(...at, { prefix: "shop", container, format: "RDB" });
  const file = `https://account.blob.core.windows.net/box/shop.rdb?${signature()}`;
  await client.redis.beginImportDataAndWait(...at, { files: [file], format: "RDB" });

  const cache = `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Cache/redis/${name}`;
  const { headers } = await fixture.call("PATCH", cache, { body: { properties: { enableNonSslPort: false } } });
  const url = new URL(headers.get("azure-asyncoperation") as string);
  const [location, , operationId] = url.pathname.split("/").slice(-3) as [string, string, string];
  await client.asyncOperationStatus.get(decodeURIComponent(location), operationId);
});

test("of its end", async () => {
  await client.redis.forceReboot(...at, { rebootType: "AllNodes" });
  await client.redis.beginDeleteAndWait(...at);
  await expect(client.redis.get(...at)).rejects.toMatchObject({ code: "ResourceNotFound", statusCode: 404 });
});

test("and the page says what came of them", () => {
  expect(run.uncalled()).toEqual([]);
  const { written, run: found } = operationsSection("redis-2024-11-01.json", run.seen);
  expect(written, "run `bun tests/conformance/main.ts`").toBe(found);
});

/** By an endpoint that has to be approved. */
async function connectPrivately(): Promise<void> {
  const scope = `/subscriptions/${subscription}/resourceGroups/${group}/providers`;
  const endpoint = {
    location: "local",
    properties: {
      subnet: { id: `${scope}/Microsoft.Network/virtualNetworks/mine/subnets/blue` },
      manualPrivateLinkServiceConnections: [
        { name: "shop", properties: { privateLinkServiceId: `${scope}/Microsoft.Cache/redis/${name}` } },
      ],
    },
  };
  const path = `${scope}/Microsoft.Network/privateEndpoints/pe`;
  expect((await fixture.call("PUT", path, { body: endpoint })).status).toBe(201);
}

function signature(): string {
  return new URLSearchParams({ sv: "2023-11-03", se: "2999-01-01T00:00Z", sp: "rwl", sig: "none" }).toString();
}
