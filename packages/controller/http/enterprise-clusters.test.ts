/** Clusters of Microsoft.Cache/redisEnterprise as bare HTTP: statuses, headers, states and refusals. Azure's own client has a test of its own. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { basicC0 } from "../controller-fixture.ts";
import { newCluster as cluster, EnterpriseFixture, refusal } from "./enterprise-fixture.ts";

const enterprise = new EnterpriseFixture();
const { fixture, call, made, database } = enterprise;
beforeAll(() => enterprise.start());
afterAll(() => enterprise.stop());
afterEach(() => enterprise.clear());

describe("a cluster", () => {
  test("is there at once, and is shown as Terraform and the CLI expect it", async () => {
    const answer = await call("PUT", "/Shop", { ...cluster, zones: [1, "1"], tags: { team: "a" } });
    expect(answer.status).toBe(201);
    const results = `${enterprise.group}/providers/Microsoft.Cache/redisEnterprise/Shop/operationresults/`;
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
      id: `${enterprise.group}/providers/Microsoft.Cache/redisEnterprise/Shop`,
      name: "Shop",
      type: "Microsoft.Cache/redisEnterprise",
      kind: "v2",
      location: "West US",
      tags: { team: "a" },
      sku: { name: "Balanced_B1" },
      zones: ["1"],
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
    [{ location: ".." }, 400, "InvalidParameter", "location"],
    [{ location: "west-" }, 400, "InvalidParameter", "location"],
    [{ location: "w".repeat(64) }, 400, "InvalidParameter", "location"],
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
      [{ zones: ["2"] }, 400, "InvalidParameter", "zones"],
      [{ sku: { name: "Enterprise_E10" } }, 400, "SkuNotSupported", "sku.name"],
    ])
      expect(refusal(await call("PATCH", "/shop", asked))).toEqual(expected);
  });

  test.each([
    ["/shop", cluster, { tags: { team: "a" } }],
    ["/shop/databases/default", {}, { properties: { deferUpgrade: "Deferred" } }],
  ])("and its database change only as the caller knows them: %s", async (path, body, change) => {
    const at = (method: string, headers: Record<string, string>, sent?: unknown) =>
      call(method, path, sent, "2025-07-01", headers);
    if (path !== "/shop") await call("PUT", "/shop", cluster);
    expect(refusal(await at("PUT", { "if-match": "*" }, body))).toEqual([412, "PreconditionFailed"]);
    const created = await at("PUT", { "if-none-match": "*" }, body);
    expect([created.status, (await fixture.ended(created)).status]).toEqual([201, 200]);
    expect(refusal(await at("PUT", { "if-none-match": "*" }, body))).toEqual([412, "PreconditionFailed"]);
    const etag = (await call("GET", path)).headers.get("etag") ?? "";
    const changed = await at("PATCH", { "if-match": etag }, change);
    expect([changed.status, changed.headers.get("etag") === etag]).toEqual([200, false]);
    expect(refusal(await at("PATCH", { "if-match": etag }, change))).toEqual([412, "PreconditionFailed"]);
    expect(refusal(await at("DELETE", { "if-match": etag }))).toEqual([412, "PreconditionFailed"]);
    expect(changed.headers.get("etag")).toBe((await call("GET", path)).headers.get("etag"));
  });

  test("has its database in its zones, in which there have to be hosts", async () => {
    const zoned = { ...cluster, zones: ["1", "2"] };
    expect(refusal(await call("PUT", "/shop", zoned))).toEqual([400, "InvalidParameter", "zones"]);
    expect((await call("PUT", "/shop", { ...cluster, zones: ["1"] })).status).toBe(201);
    expect((await call("PUT", "/shop", { ...cluster, zones: [] })).body.zones).toEqual(["1"]);
    fixture.agent.zone = "2";
    await fixture.agent.report();
    const elsewhere = await call("PUT", "/shop/databases/default", {});
    fixture.agent.zone = "1";
    await fixture.agent.report();
    expect(refusal(elsewhere)).toEqual([400, "InvalidParameter", "zones"]);
  });

  test("says when its database may be updated, which is changed with it", async () => {
    const window = { type: "Weekly", duration: "PT9H", startHourUtc: 20 };
    const maintenanceWindows = ["Saturday", "Sunday"].map((dayOfWeek) => ({ ...window, schedule: { dayOfWeek } }));
    const asked = { properties: { maintenanceConfiguration: { maintenanceWindows } } };
    await made("shop");
    const { body } = await call("PATCH", "/shop", asked, "2025-08-01-preview");
    expect(body.properties).toMatchObject(asked.properties);
    expect((await call("PUT", "/shop", body)).body.properties).toMatchObject(asked.properties);
    const short = { properties: { maintenanceConfiguration: { maintenanceWindows: maintenanceWindows.slice(1) } } };
    expect(refusal(await call("PATCH", "/shop", short))).toEqual([
      400,
      "InvalidParameter",
      "properties.maintenanceConfiguration.maintenanceWindows",
    ]);
    const none = { properties: { maintenanceConfiguration: { maintenanceWindows: [] } } };
    expect((await call("PATCH", "/shop", none)).body.properties.maintenanceConfiguration).toBeUndefined();
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
    const redis = (name: string) => `${enterprise.group}/providers/Microsoft.Cache/redis/${name}`;
    await made("shop");
    expect(refusal(await fixture.call("PUT", redis("shop"), { body: basicC0 }))).toEqual([
      409,
      "NameNotAvailable",
      "name",
    ]);
    expect(refusal(await fixture.call("GET", redis("shop")))).toEqual([404, "ResourceNotFound"]);
    expect((await fixture.call("DELETE", redis("shop"))).status).toBe(204);
    expect((await fixture.call("GET", `${enterprise.group}/providers/Microsoft.Cache/redis`)).body.value).toEqual([]);
    await fixture.ended(await fixture.call("PUT", redis("other"), { body: basicC0 }));
    expect(refusal(await call("PUT", "/other", cluster))).toEqual([409, "NameNotAvailable", "name"]);
    expect(refusal(await call("GET", "/other"))).toEqual([404, "ResourceNotFound"]);
    await fixture.ended(await fixture.call("DELETE", redis("other")));
  });
});

test("a resource group takes its clusters with it", async () => {
  await made("shop");
  const deleting = await fixture.call("DELETE", enterprise.group);
  await fixture.ended(deleting);
  expect(fixture.gateway.table?.routes).toEqual([]);
  enterprise.group = await fixture.group();
  expect((await call("GET", "")).body.value).toEqual([]);
});
