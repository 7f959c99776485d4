/** The official client, @azure/arm-redisenterprisecache, runs every operation that it has. What comes of each is told in controller tests. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { RedisEnterpriseManagementClient } from "@azure/arm-redisenterprisecache";
import { systemClock } from "@larder/service";
import { ControllerFixture } from "../../packages/controller/controller-fixture.ts";
import { operationsSection } from "./operations-page.ts";
import { all, built, OperationsRun } from "./operations-run.ts";

let sinceStartMs = 0;
const fixture = new ControllerFixture({
  clock: { ...systemClock, nowMs: () => systemClock.nowMs() + sinceStartMs },
});
const run = new OperationsRun();
let client: RedisEnterpriseManagementClient;
let subscription: string;

beforeAll(async () => {
  fixture.agent.answer = () => ({ error: null, offset: 0 });
  fixture.agent.progress = () => ({ state: "done", keys: 1 });
  await fixture.start();
  // A change of the primary waits a while for the first reports after a start.
  sinceStartMs = 10_000;
  await fixture.group();
  subscription = await fixture.subscription();
  const credential = { getToken: async () => ({ token: fixture.token, expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) };
  client = run.watched(
    new RedisEnterpriseManagementClient(credential, subscription, {
      endpoint: fixture.base,
      tlsOptions: { ca: fixture.ca },
      additionalPolicies: [{ policy: run.policy, position: "perRetry" }],
    }),
  );
});
afterAll(() => fixture.stop());

const cluster = ["default", "shop"] as const;
const database = [...cluster, "default"] as const;

test("of clusters and databases", async () => {
  await all(client.operations.list());
  await client.redisEnterprise.beginCreateAndWait(...cluster, { location: "local", sku: { name: "Balanced_B0" } });
  await client.redisEnterprise.get(...cluster);
  await all(client.redisEnterprise.list());
  await all(client.redisEnterprise.listByResourceGroup("default"));
  await client.databases.beginCreateAndWait(...database, {});
  await client.databases.get(...database);
  await all(client.databases.listByCluster(...cluster));
  await client.databases.listKeys(...database);
  await client.databases.beginRegenerateKeyAndWait(...database, { keyType: "Primary" });
  await client.databases.beginUpdateAndWait(...database, { evictionPolicy: "NoEviction" });
  await client.redisEnterprise.beginUpdateAndWait(...cluster, { tags: { team: "a" } });
});

test("of data, links and what is polled", async () => {
  const sas = new URLSearchParams({ sv: "2023-11-03", se: "2999-01-01T00:00Z", sp: "rwl", sig: "none" }).toString();
  const container = "https://account.blob.core.windows.net/box";
  await built(client.databases.beginExportAndWait(...database, { sasUri: `${container}?${sas}` }));
  await built(client.databases.beginImportAndWait(...database, { sasUris: [`${container}/shop.rdb?${sas}`] }));
  const other = `/subscriptions/${subscription}/resourceGroups/default/providers/Microsoft.Cache/redisEnterprise/b/databases/default`;
  await built(client.databases.beginForceUnlinkAndWait(...database, { ids: [other] }));

  const approval = { privateLinkServiceConnectionState: { status: "Approved", description: "yes" } };
  await built(client.privateEndpointConnections.beginPutAndWait(...cluster, "none", approval));
  await built(client.privateEndpointConnections.get(...cluster, "none"));
  await built(all(client.privateEndpointConnections.list(...cluster)));
  await built(client.privateEndpointConnections.delete(...cluster, "none"));
  await built(all(client.privateLinkResources.listByCluster(...cluster)));

  const path = `/subscriptions/${subscription}/resourceGroups/default/providers/Microsoft.Cache/redisEnterprise/shop/databases/default`;
  const { headers } = await fixture.call("PATCH", `${path}?api-version=2025-07-01`, {
    body: { properties: { evictionPolicy: "AllKeysLRU" } },
  });
  const [location, , operationId] = new URL(headers.get("azure-asyncoperation") as string).pathname
    .split("/")
    .slice(-3) as [string, string, string];
  await client.operationsStatus.get(decodeURIComponent(location), operationId);
});

test("of their end", async () => {
  await client.databases.beginDeleteAndWait(...database);
  await client.redisEnterprise.beginDeleteAndWait(...cluster);
});

test("and the page says what came of them", () => {
  expect(run.uncalled()).toEqual([]);
  const { written, run: found } = operationsSection("redisenterprise-2025-07-01.json", run.seen);
  expect(written, "run `bun tests/conformance/main.ts`").toBe(found);
});
