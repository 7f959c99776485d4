/** Microsoft.Cache/redisEnterprise as bare HTTP: statuses, headers, states and refusals. Azure's own client has a test of its own. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { type Answer, basicC0, ControllerFixture } from "../controller-fixture.ts";

const fixture = new ControllerFixture();
let group: string;

beforeAll(async () => {
  fixture.gateway.privateNetworks = ["blue"];
  fixture.agent.memoryBytesTotal = 64 * 1024 ** 3;
  await fixture.start();
  group = await fixture.group();
});
afterAll(() => fixture.stop());
afterEach(async () => {
  for (const { name } of (await call("GET", "")).body.value) await fixture.ended(await call("DELETE", `/${name}`));
});

const version = "2025-07-01";
const cluster = { location: "West US", sku: { name: "Balanced_B1" }, properties: { publicNetworkAccess: "Enabled" } };

function call(method: string, path: string, body?: unknown, apiVersion = version): Promise<Answer> {
  const url = `${group}/providers/Microsoft.Cache/redisEnterprise${path}?api-version=${apiVersion}`;
  return fixture.call(method, url, body === undefined ? {} : { body });
}

async function made(name: string, properties: object = {}, of: object = {}, apiVersion = version): Promise<Answer> {
  await call("PUT", `/${name}`, { ...cluster, ...of }, apiVersion);
  const answer = await call("PUT", `/${name}/databases/default`, { properties }, apiVersion);
  await fixture.ended(answer);
  return answer;
}

function refusal({ status, body }: Answer): unknown[] {
  return [status, body.error.code, ...(body.error.target === undefined ? [] : [body.error.target])];
}

const database = (name: string) => call("GET", `/${name}/databases/default`);

describe("a cluster", () => {
  test("is there at once, and is shown as Terraform and the CLI expect it", async () => {
    const answer = await call("PUT", "/Shop", { ...cluster, zones: ["1", "2"], tags: { team: "a" } });
    expect(answer.status).toBe(201);
    const results = `${group}/providers/Microsoft.Cache/redisEnterprise/Shop/operationresults/`;
    expect(answer.headers.get("location")).toStartWith(`${fixture.base}${results}`);
    const statusUrl = answer.headers.get("azure-asyncoperation") ?? "";
    expect(statusUrl).toContain("/providers/Microsoft.Cache/locations/West%20US/operationsStatus/");
    const { body: status } = await fixture.call("GET", statusUrl);
    expect(status).toEqual({
      id: expect.any(String),
      name: expect.any(String),
      status: "Succeeded",
      startTime: expect.any(String),
      endTime: expect.any(String),
    });
    expect((await fixture.call("GET", answer.headers.get("location") ?? "")).status).toBe(200);

    const { body } = await call("GET", "/shop");
    expect(body).toEqual({
      id: `${group}/providers/Microsoft.Cache/redisEnterprise/Shop`,
      name: "Shop",
      type: "Microsoft.Cache/redisEnterprise",
      kind: "v2",
      location: "West US",
      tags: { team: "a" },
      sku: { name: "Balanced_B1" },
      zones: ["1", "2"],
      identity: { type: "None" },
      properties: {
        provisioningState: "Succeeded",
        resourceState: "Running",
        hostName: "shop.westus.larder.localhost",
        highAvailability: "Enabled",
        redundancyMode: "LR",
        minimumTlsVersion: "1.2",
        publicNetworkAccess: "Enabled",
        redisVersion: "7.2",
        privateEndpointConnections: [],
      },
    });
    expect((await call("PUT", "/shop", body)).status).toBe(200);
    expect((await call("PATCH", "/shop", { tags: { team: "b" } })).headers.get("location")).toBeNull();
    expect((await call("GET", "/shop")).body.tags).toEqual({ team: "b" });
  });

  test("made by an older version says nothing of public networks", async () => {
    const { location, sku } = cluster;
    expect(refusal(await call("PUT", "/shop", { location, sku }))).toEqual([
      400,
      "InvalidParameter",
      "properties.publicNetworkAccess",
    ]);
    expect(
      (await call("PUT", "/shop", { location, sku }, "2022-01-01")).body.properties.publicNetworkAccess,
    ).toBeNull();
  });

  test.each([
    [{ sku: { name: "Huge_H1" } }, 400, "SkuNotSupported", "sku.name"],
    [{ sku: { name: "FlashOptimized_A250" } }, 400, "SkuNotSupported", "sku.name"],
    [{ sku: { name: "Balanced_B1", capacity: 2 } }, 400, "SkuNotSupported", "sku.capacity"],
    [{ sku: { name: "Enterprise_E10", capacity: 3 } }, 400, "SkuNotSupported", "sku.capacity"],
    [{ sku: { name: "Balanced_B1000" } }, 400, "InsufficientCapacity", "sku.name"],
    [{ identity: { type: "SystemAssigned" } }, 400, "OperationNotSupported", "identity.type"],
    [
      { properties: { publicNetworkAccess: "Enabled", minimumTlsVersion: "1.0" } },
      400,
      "OperationNotSupported",
      "properties.minimumTlsVersion",
    ],
    [
      {
        properties: {
          publicNetworkAccess: "Enabled",
          encryption: { customerManagedKeyEncryption: { keyEncryptionKeyUrl: "https://x" } },
        },
      },
      400,
      "OperationNotSupported",
      "properties.encryption",
    ],
  ])("with %j is refused", async (of, ...expected) => {
    expect(refusal(await call("PUT", "/shop", { ...cluster, ...of }))).toEqual(expected);
    expect((await call("GET", "")).body.value).toEqual([]);
  });

  test("keeps its high availability, its zones and its kind", async () => {
    await call("PUT", "/shop", cluster);
    for (const [asked, ...expected] of [
      [{ properties: { highAvailability: "Disabled" } }, 400, "InvalidParameter", "properties.highAvailability"],
      [{ zones: ["1"] }, 400, "InvalidParameter", "zones"],
      [{ sku: { name: "Enterprise_E10" } }, 400, "SkuNotSupported", "sku.name"],
    ])
      expect(refusal(await call("PATCH", "/shop", asked))).toEqual(expected);
  });

  test("takes a larger size with its database, and another may be deleted with it", async () => {
    await made("shop", {}, { properties: { publicNetworkAccess: "Enabled", highAvailability: "Disabled" } });
    expect(fixture.agent.desired?.nodes).toHaveLength(1);
    const { skus } = (await call("POST", "/shop/listSkusForScaling")).body;
    expect(skus).toContainEqual({ name: "Balanced_B3", sizeInGB: 3 });
    expect(skus.map(({ name }: { name: string }) => name)).not.toContain("Balanced_B1");
    expect(skus.map(({ name }: { name: string }) => name)).not.toContain("Balanced_B250");
    const scaling = await call("PATCH", "/shop", {
      sku: { name: "balanced_b3" },
      properties: { highAvailability: "Enabled" },
    });
    expect(scaling.body.properties).toMatchObject({ provisioningState: "Updating", resourceState: "Scaling" });
    expect((await database("shop")).body.properties).toMatchObject({
      provisioningState: "Updating",
      resourceState: "Scaling",
    });
    expect(refusal(await call("DELETE", "/shop"))).toEqual([409, "Conflict"]);
    expect((await fixture.ended(scaling)).body.status).toBe("Succeeded");
    expect(fixture.agent.desired?.nodes.map(({ memoryBytesMax }) => memoryBytesMax)).toEqual(
      Array(2).fill(3 * 1024 ** 3 - Math.floor(0.2 * 3 * 1024 ** 3)),
    );
    expect((await call("GET", "/shop")).body).toMatchObject({
      sku: { name: "Balanced_B3" },
      properties: { resourceState: "Running" },
    });
    const deleting = await call("DELETE", "/shop");
    expect([deleting.status, (await call("GET", "/shop")).body.properties?.provisioningState]).toEqual([
      202,
      "Deleting",
    ]);
    await fixture.ended(deleting);
    expect((await call("DELETE", "/shop")).status).toBe(204);
    expect(refusal(await database("shop"))).toEqual([404, "ResourceNotFound"]);
  });

  test("shares its name with no cache of Microsoft.Cache/redis", async () => {
    const redis = (name: string) => `${group}/providers/Microsoft.Cache/redis/${name}`;
    await made("shop");
    expect(refusal(await fixture.call("PUT", redis("shop"), { body: basicC0 }))).toEqual([
      409,
      "NameNotAvailable",
      "name",
    ]);
    expect(refusal(await fixture.call("GET", redis("shop")))).toEqual([404, "ResourceNotFound"]);
    expect((await fixture.call("DELETE", redis("shop"))).status).toBe(204);
    expect((await fixture.call("GET", `${group}/providers/Microsoft.Cache/redis`)).body.value).toEqual([]);
    await fixture.ended(await fixture.call("PUT", redis("other"), { body: basicC0 }));
    expect(refusal(await call("PUT", "/other", cluster))).toEqual([409, "NameNotAvailable", "name"]);
    expect(refusal(await call("GET", "/other"))).toEqual([404, "ResourceNotFound"]);
    await fixture.ended(await fixture.call("DELETE", redis("other")));
  });
});

describe("a database", () => {
  test("has the defaults of the version that makes it", async () => {
    const { status, body } = await made("new");
    expect(status).toBe(201);
    expect(body.properties).toMatchObject({
      provisioningState: "Creating",
      resourceState: "Creating",
      clientProtocol: "Encrypted",
      clusteringPolicy: "OSSCluster",
      evictionPolicy: "VolatileLRU",
      accessKeysAuthentication: "Disabled",
      deferUpgrade: "NotDeferred",
      persistence: { aofEnabled: false, rdbEnabled: false },
    });
    expect(route("new")).toMatchObject({ users: [], isCluster: true, hasTls: true, databases: 1, plainPort: null });
    await made("old", {}, {}, "2022-01-01");
    expect((await database("old")).body.properties.accessKeysAuthentication).toBe("Enabled");
  });

  test("has its keys turned on and off, which ends all connections", async () => {
    await made("shop", { accessKeysAuthentication: "Enabled" });
    const { users, cutEpoch } = route("shop");
    expect(users).toHaveLength(1);
    await fixture.ended(
      await call("PATCH", "/shop/databases/default", { properties: { accessKeysAuthentication: "Disabled" } }),
    );
    expect(route("shop")).toMatchObject({ users: [], cutEpoch: cutEpoch + 1 });
  });

  test("keeps its port when it changes how it is spoken to", async () => {
    await made("shop", { port: 12_345, clusteringPolicy: "NoCluster" });
    expect(route("shop")).toMatchObject({ tlsPort: 12_345, hasTls: true, plainPort: null, isCluster: false });
    await fixture.ended(
      await call("PATCH", "/shop/databases/default", {
        properties: { clientProtocol: "Plaintext", clusteringPolicy: "OSSCluster" },
      }),
    );
    expect(route("shop")).toMatchObject({ hasTls: false, plainPort: 12_345, isCluster: true });
    expect((await database("shop")).body.properties).toMatchObject({ port: 12_345, clientProtocol: "Plaintext" });
    await call("PUT", "/other", cluster);
    expect(refusal(await call("PUT", "/other/databases/default", { properties: { port: 12_345 } }))).toEqual([
      400,
      "InvalidParameter",
      "properties.port",
    ]);
  });

  test.each([
    [{ modules: [{ name: "RediSearch" }] }, "OperationNotSupported", "properties.modules"],
    [
      { geoReplication: { groupNickname: "g", linkedDatabases: [] } },
      "OperationNotSupported",
      "properties.geoReplication",
    ],
    [{ persistence: { aofEnabled: true, rdbEnabled: true } }, "InvalidParameter", "properties.persistence"],
    [{ evictionPolicy: "Never" }, "InvalidParameter", "properties.evictionPolicy"],
    [{ port: 70_000 }, "InvalidParameter", "properties.port"],
    [{ notifyKeyspaceEvents: "x" }, "InvalidParameter", "properties.notifyKeyspaceEvents"],
  ])("with %j is refused", async (properties, ...expected) => {
    await call("PUT", "/shop", cluster);
    expect(refusal(await call("PUT", "/shop/databases/default", { properties }))).toEqual([400, ...expected]);
    expect((await call("GET", "/shop/databases")).body.value).toEqual([]);
  });

  test("has one name, and a policy that stays", async () => {
    await made("shop");
    expect(refusal(await call("PUT", "/shop/databases/second", {}))).toEqual([
      400,
      "InvalidResourceName",
      "databaseName",
    ]);
    expect(refusal(await call("GET", "/shop/databases/second"))).toEqual([404, "ResourceNotFound"]);
    const asked = { properties: { clusteringPolicy: "EnterpriseCluster" } };
    expect(refusal(await call("PATCH", "/shop/databases/default", asked))).toEqual([
      400,
      "InvalidParameter",
      "properties.clusteringPolicy",
    ]);
  });

  test("is kept as it is asked to, in the engine's own words", async () => {
    await made("shop", {
      persistence: { rdbEnabled: true, rdbFrequency: "12h" },
      evictionPolicy: "AllKeysLFU",
      notifyKeyspaceEvents: "KEA",
    });
    const [node] = fixture.agent.desired?.nodes ?? [];
    expect(node).toMatchObject({
      maxmemoryPolicy: "allkeys-lfu",
      databases: 1,
      notifyKeyspaceEvents: "KEA",
      persistence: { snapshotEveryMs: 12 * 3_600_000, hasAof: false },
    });
    const persistence = { rdbEnabled: false, aofEnabled: true, aofFrequency: "1s" };
    await fixture.ended(await call("PATCH", "/shop/databases/default", { properties: { persistence } }));
    expect((await database("shop")).body.properties.persistence).toEqual(persistence);
  });

  test("is flushed, and says what of geo-replication and of upgrades there is", async () => {
    await made("shop");
    fixture.agent.answer = () => ({ error: null, offset: 0 });
    const flushed = await call("POST", "/shop/databases/default/flush", {});
    expect(flushed.status).toBe(202);
    expect((await fixture.call("GET", flushed.headers.get("location") ?? "")).body.status).toBe("Succeeded");
    const ids = [`${group}/providers/Microsoft.Cache/redisEnterprise/other/databases/default`];
    expect(refusal(await call("POST", "/shop/databases/default/flush", { ids }))).toEqual([
      400,
      "OperationNotSupported",
      "ids",
    ]);
    expect(refusal(await call("POST", "/shop/databases/default/forceUnlink", { ids }))).toEqual([
      400,
      "OperationNotSupported",
      "forceUnlink",
    ]);
    expect(refusal(await call("POST", "/shop/databases/default/upgradeDBRedisVersion"))).toEqual([409, "Conflict"]);
    const deferred = await call("PATCH", "/shop/databases/default", { properties: { deferUpgrade: "Deferred" } });
    expect([deferred.status, deferred.body.properties.deferUpgrade]).toEqual([200, "Deferred"]);
  });

  test("takes import and export in Azure's form", async () => {
    await made("shop");
    const sasUri = "https://x.blob.core.windows.net/c?sig=a&se=2000-01-01";
    const refused = await call("POST", "/shop/databases/default/export", { sasUri });
    expect(refusal(refused)).toEqual([400, "InvalidParameter", "sasUri"]);
    expect(refusal(await call("POST", "/shop/databases/default/import", { sasUris: [] }))).toEqual([
      400,
      "InvalidParameter",
      "sasUris",
    ]);
  });
});

describe("access by token", () => {
  const path = "/shop/databases/default/accessPolicyAssignments";
  const user = { objectId: "5f1d2f1e-7c0f-4f43-9f5f-0a8d2a5b0c11" };

  test("has the only policy, or an ACL string of its own", async () => {
    await made("shop");
    const answer = await call("PUT", `${path}/one`, { properties: { accessPolicyName: "default", user } });
    expect(answer.status).toBe(201);
    expect((await fixture.ended(answer)).body.status).toBe("Succeeded");
    expect((await call("GET", `${path}/one`)).body.properties).toEqual({
      provisioningState: "Succeeded",
      accessPolicyName: "default",
      accessString: "+@all ~*",
      user,
    });
    expect(route("shop").users).toMatchObject([{ name: user.objectId, objectId: user.objectId }]);
    const own = { properties: { accessString: "+get ~a*", user } };
    await fixture.ended(await call("PUT", `${path}/one`, own, "2026-05-01-preview"));
    expect((await call("GET", path)).body.value).toMatchObject([{ properties: { accessString: "+get ~a*" } }]);
    expect(route("shop").users).toMatchObject([{ engineUser: "policy-of-one" }]);
    const removed = await call("DELETE", `${path}/one`);
    expect([removed.status, (await fixture.ended(removed)).body.status]).toEqual([202, "Succeeded"]);
    expect((await call("DELETE", `${path}/one`)).status).toBe(204);
    expect(route("shop").users).toEqual([]);
    expect(fixture.agent.desired?.nodes[0]?.policyUsers.map(({ name }) => name)).not.toContain("policy-of-one");
  });

  test.each([
    [`${path}/a-b`, { accessPolicyName: "default", user }, "InvalidResourceName", "accessPolicyAssignmentName"],
    [`${path}/a`, { accessPolicyName: "other", user }, "InvalidParameter", "properties.accessPolicyName"],
    [`${path}/a`, { accessString: "+get", user }, "InvalidParameter", "properties.accessPolicyName"],
    [`${path}/a`, { accessPolicyName: "default" }, "InvalidParameter", "properties.user"],
    [
      `${path}/a`,
      { accessPolicyName: "default", user, accessString: "on >x" },
      "InvalidParameter",
      "properties.accessString",
    ],
  ])("PUT %s with %j is refused", async (at, properties, ...expected) => {
    await made("shop");
    expect(refusal(await call("PUT", at, { properties }))).toEqual([400, ...expected]);
  });
});

test("a resource group takes its clusters with it", async () => {
  await made("shop");
  const deleting = await fixture.call("DELETE", group);
  await fixture.ended(deleting);
  expect(fixture.gateway.table?.routes).toEqual([]);
  group = await fixture.group();
  expect((await call("GET", "")).body.value).toEqual([]);
});

function route(name: string) {
  const found = fixture.gateway.table?.routes.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no route to ${name}`);
  return found;
}

test("a cluster is closed to the public, and served in a private network once its owner approves", async () => {
  await made("shop");
  const network = () => fixture.gateway.table?.routes[0]?.network;
  await fixture.ended(await call("PATCH", "/shop", { properties: { publicNetworkAccess: "Disabled" } }));
  expect(network()).toEqual({ hasPublicAccess: false, allowed: null, privateNetworks: [] });

  const service = `${group}/providers/Microsoft.Cache/redisEnterprise/shop`;
  const asked = { privateLinkServiceId: service, groupIds: ["redisEnterprise"] };
  const subnet = { id: `${group}/providers/Microsoft.Network/virtualNetworks/any/subnets/blue` };
  const endpoint = `${group}/providers/Microsoft.Network/privateEndpoints/near?api-version=2024-05-01`;
  const properties = { subnet, manualPrivateLinkServiceConnections: [{ name: "a", properties: asked }] };
  expect((await fixture.call("PUT", endpoint, { body: { location: "local", properties } })).status).toBe(201);

  const [{ name }] = (await call("GET", "/shop/privateEndpointConnections")).body.value;
  const approval = { properties: { privateLinkServiceConnectionState: { status: "Approved" } } };
  const answer = await call("PUT", `/shop/privateEndpointConnections/${name}`, approval);
  expect([answer.status, (await fixture.ended(answer)).body.status]).toEqual([201, "Succeeded"]);
  expect(network()?.privateNetworks).toEqual(["blue"]);
  expect((await call("GET", "/shop")).body.properties.privateEndpointConnections).toHaveLength(1);
  const [{ properties: link }] = (await call("GET", "/shop/privateLinkResources")).body.value;
  expect(link.groupId).toBe("redisEnterprise");
  expect((await call("DELETE", `/shop/privateEndpointConnections/${name}`)).status).toBe(200);
  expect(network()?.privateNetworks).toEqual([]);
  await fixture.call("DELETE", endpoint);
});
