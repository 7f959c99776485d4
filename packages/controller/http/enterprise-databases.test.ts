/** Databases of Microsoft.Cache/redisEnterprise as bare HTTP: their settings, their actions and what is refused. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { newCluster as cluster, EnterpriseFixture, refusal } from "./enterprise-fixture.ts";

const enterprise = new EnterpriseFixture();
const { fixture, call, made, database, route } = enterprise;
beforeAll(() => enterprise.start());
afterAll(() => enterprise.stop());
afterEach(() => enterprise.clear());

const path = "/shop/databases/default";

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
    await made("other", { port: 12_400, clientProtocol: "Plaintext" });
    expect((await database("other")).body.properties).toMatchObject({ port: 12_400, clientProtocol: "Plaintext" });
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
    const ids = [`${enterprise.group}/providers/Microsoft.Cache/redisEnterprise/other/databases/default`];
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

  test("is deleted once, and its cluster stays", async () => {
    await made("shop");
    const [first, second] = [await call("DELETE", path), await call("DELETE", path)];
    expect([first.status, second.status]).toEqual([202, 202]);
    await fixture.ended(first);
    expect((await fixture.ended(second)).body.status).toBe("Succeeded");
    expect([(await call("DELETE", path)).status, (await call("GET", "/shop")).status]).toEqual([204, 200]);
    expect(refusal(await call("DELETE", "/other/databases/default"))).toEqual([404, "ResourceNotFound"]);
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
