/** The official Azure client of Microsoft.Cache/redisEnterprise against the controller: every operation that it has. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { RedisEnterpriseManagementClient } from "@azure/arm-redisenterprisecache";
import { ControllerFixture } from "./controller-fixture.ts";

const fixture = new ControllerFixture();
let client: RedisEnterpriseManagementClient;

beforeAll(async () => {
  await fixture.start();
  await fixture.group();
  const credential = { getToken: async () => ({ token: fixture.token, expiresOnTimestamp: Number.MAX_SAFE_INTEGER }) };
  const options = { endpoint: fixture.base, tlsOptions: { ca: fixture.ca } };
  client = new RedisEnterpriseManagementClient(credential, await fixture.subscription(), options);
});
afterAll(() => fixture.stop());

const cluster = { location: "West US", sku: { name: "Balanced_B0" }, tags: { team: "a" } };
const notBuilt = { code: "OperationNotSupported", statusCode: 400 };
const at = ["default", "Shop", "default"] as const;

test("creates, reads, changes and deletes a cluster and its database", async () => {
  const { redisEnterprise, databases } = client;
  const created = await redisEnterprise.beginCreateAndWait("default", "Shop", cluster);
  expect(created).toMatchObject({
    name: "Shop",
    type: "Microsoft.Cache/redisEnterprise",
    provisioningState: "Succeeded",
    resourceState: "Running",
    hostName: "shop.westus.larder.localhost",
    minimumTlsVersion: "1.2",
    sku: { name: "Balanced_B0" },
    tags: { team: "a" },
  });
  expect(created.id).toEndWith("/resourceGroups/default/providers/Microsoft.Cache/redisEnterprise/Shop");
  expect(await names(databases.listByCluster("default", "Shop"))).toEqual([]);

  const database = await databases.beginCreateAndWait(...at, {
    evictionPolicy: "AllKeysLRU",
    clusteringPolicy: "EnterpriseCluster",
    persistence: { rdbEnabled: true, rdbFrequency: "6h" },
  });
  expect(database).toMatchObject({
    name: "default",
    type: "Microsoft.Cache/redisEnterprise/databases",
    provisioningState: "Succeeded",
    resourceState: "Running",
    clientProtocol: "Encrypted",
    clusteringPolicy: "EnterpriseCluster",
    evictionPolicy: "AllKeysLRU",
    persistence: { rdbEnabled: true, rdbFrequency: "6h", aofEnabled: false },
    port: 10_000,
  });
  expect(fixture.agent.desired?.nodes).toHaveLength(2);

  expect(await redisEnterprise.get("DEFAULT", "shop")).toMatchObject({ name: "Shop" });
  expect(await names(redisEnterprise.list())).toEqual(["Shop"]);
  expect(await names(redisEnterprise.listByResourceGroup("default"))).toEqual(["Shop"]);
  expect(await names(databases.listByCluster("default", "Shop"))).toEqual(["default"]);
  expect(await databases.get(...at)).toEqual(database);

  const keys = await databases.listKeys(...at);
  expect(keys.primaryKey).toHaveLength(44);
  const renewed = await databases.beginRegenerateKeyAndWait(...at, { keyType: "Secondary" });
  expect(renewed.primaryKey).toBe(keys.primaryKey as string);
  expect(renewed.secondaryKey).not.toBe(keys.secondaryKey as string);

  const changed = await databases.beginUpdateAndWait(...at, { evictionPolicy: "NoEviction" });
  expect(changed).toMatchObject({
    name: "default",
    evictionPolicy: "NoEviction",
    clusteringPolicy: "EnterpriseCluster",
  });
  const larger = await redisEnterprise.beginUpdateAndWait("default", "Shop", { sku: { name: "Balanced_B1" } });
  expect(larger).toMatchObject({
    name: "Shop",
    sku: { name: "Balanced_B1" },
    resourceState: "Running",
    tags: { team: "a" },
  });

  const uri = "https://x.blob.core.windows.net/c/f.rdb?sig=a&sp=rwd&se=2099-01-01";
  const moving = await databases.beginImport(...at, { sasUris: [uri] });
  expect(moving.isDone()).toBe(false);
  await databases.beginExport(...at, { sasUri: uri });
  await expect(databases.beginForceUnlinkAndWait(...at, { ids: [created.id as string] })).rejects.toMatchObject(
    notBuilt,
  );

  await databases.beginDeleteAndWait(...at);
  await expect(databases.get(...at)).rejects.toMatchObject({ code: "ResourceNotFound", statusCode: 404 });
  await databases.beginCreateAndWait(...at, {});
  await redisEnterprise.beginDeleteAndWait("default", "Shop");
  await expect(redisEnterprise.get("default", "Shop")).rejects.toMatchObject({ statusCode: 404 });
  expect(fixture.gateway.table?.routes).toEqual([]);
});

test("lists operations, looks at one, and hears what is not built", async () => {
  expect(await names(client.operations.list())).toContain("Microsoft.Cache/redisEnterprise/databases/listKeys/action");
  const poller = await client.redisEnterprise.beginCreate("default", "other", cluster);
  await poller.pollUntilDone();
  const headers = await fixture.call(
    "PUT",
    `${await fixture.group()}/providers/Microsoft.Cache/redisEnterprise/other?api-version=2022-01-01`,
    { body: cluster },
  );
  const operationId = new URL(headers.headers.get("azure-asyncoperation") ?? "").pathname.split("/").at(-1) as string;
  expect(await client.operationsStatus.get("West US", operationId)).toMatchObject({
    name: operationId,
    status: "Succeeded",
  });
  const { privateEndpointConnections, privateLinkResources } = client;
  await expect(names(privateEndpointConnections.list("default", "other"))).rejects.toMatchObject({ statusCode: 404 });
  await client.databases.beginCreateAndWait("default", "other", "default", {});
  const [resource] = await Array.fromAsync(privateLinkResources.listByCluster("default", "other"));
  expect(resource).toMatchObject({ name: "redisEnterprise", groupId: "redisEnterprise" });
  expect(await names(privateEndpointConnections.list("default", "other"))).toEqual([]);
  const gone = { statusCode: 404 };
  await expect(privateEndpointConnections.get("default", "other", "a")).rejects.toMatchObject(gone);
  await expect(privateEndpointConnections.beginPutAndWait("default", "other", "a", {})).rejects.toMatchObject(gone);
  await privateEndpointConnections.delete("default", "other", "a");
});

async function names(pages: AsyncIterable<{ name?: string }>): Promise<(string | undefined)[]> {
  return await Array.fromAsync(pages, (resource) => resource.name);
}
