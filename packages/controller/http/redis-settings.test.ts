/** What a cache is told besides its size: zones, identity, versions; and what it cannot be linked with. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Answer, basicC0, ControllerFixture } from "../controller-fixture.ts";
import { redisApiVersions } from "./api-versions.ts";

let fixture: ControllerFixture;
let group: string;

beforeEach(async () => {
  fixture = new ControllerFixture();
  fixture.agent.zone = "1";
  await fixture.start();
  group = await fixture.group();
});
afterEach(() => fixture.stop());

const pathOf = (name: string) => `${group}/providers/Microsoft.Cache/redis/${name}`;
const refusal = ({ status, body }: Answer) => [status, body.error.code, body.error.target];

async function create(body: object, name = "shop", version = "2024-11-01"): Promise<Answer> {
  const answer = await fixture.call("PUT", `${pathOf(name)}?api-version=${version}`, { body: { ...basicC0, ...body } });
  await fixture.ended(answer);
  return answer;
}

const call = (method: string, path = "", body?: unknown) =>
  fixture.call(method, pathOf("shop") + path, body === undefined ? {} : { body });

describe("zones", () => {
  test("that hosts are in are taken, shown with each node, and stay", async () => {
    expect((await create({ zones: ["1"] })).status).toBe(201);
    const { body } = await call("GET");
    expect([body.zones, body.properties.zonalAllocationPolicy]).toEqual([["1"], "UserDefined"]);
    expect(body.properties.instances).toMatchObject([{ zone: "1", isPrimary: true }]);
    expect((await call("PUT", "", body)).status).toBe(200);
    expect(refusal(await call("PUT", "", { ...body, zones: ["2"] }))).toEqual([400, "InvalidParameter", "zones"]);
    expect((await call("PATCH", "", { tags: {} })).body.zones).toEqual(["1"]);
  });

  test("that no host is in are refused, with those that there are", async () => {
    const answer = await create({ zones: ["1", "4"] });
    expect(refusal(answer)).toEqual([400, "InvalidParameter", "zones"]);
    expect(answer.body.error.message).toBe("No host is in zone 4. Hosts are in 1.");
  });

  test("are allocated by the service where none are asked for, if hosts name any", async () => {
    expect((await create({})).body.properties.zonalAllocationPolicy).toBe("Automatic");
    fixture.agent.zone = null;
    await fixture.agent.report();
    expect((await call("GET")).body.properties.zonalAllocationPolicy).toBe("NoZones");
  });
});

describe("an identity", () => {
  const worker = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/worker";

  test("has ids that stay, until it is taken away", async () => {
    const identity = { type: "SystemAssigned, UserAssigned", userAssignedIdentities: { [worker]: {} } };
    const made = (await create({ identity })).body.identity;
    expect(made).toMatchObject({
      type: "SystemAssigned, UserAssigned",
      principalId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      userAssignedIdentities: { [worker]: { clientId: expect.any(String), principalId: expect.any(String) } },
    });
    expect((await call("PATCH", "", { tags: { a: "b" } })).body.identity).toEqual(made);
    const less = await call("PATCH", "", { identity: { type: "SystemAssigned" } });
    expect(less.body.identity).toEqual({
      type: made.type.split(",")[0],
      principalId: made.principalId,
      tenantId: made.tenantId,
    });
    expect((await call("PATCH", "", { identity: { type: "None" } })).body.identity).toBeUndefined();
  });
});

test("every api-version creates the same cache, and is answered in the newest shape", async () => {
  const shapes = new Set<string>();
  for (const version of redisApiVersions) {
    await create({}, "shop", version);
    const { body } = await fixture.call("GET", `${pathOf("shop")}?api-version=${version}`);
    const { minimumTlsVersion, publicNetworkAccess, zonalAllocationPolicy, redisConfiguration } = body.properties;
    shapes.add(JSON.stringify({ minimumTlsVersion, publicNetworkAccess, zonalAllocationPolicy, redisConfiguration }));
  }
  expect(shapes.size).toBe(1);
  expect(JSON.parse([...shapes][0] ?? "")).toMatchObject({ minimumTlsVersion: "1.2", publicNetworkAccess: "Enabled" });
});

test("what the command line reads it writes back: numbers as text, null, empty and read-only", async () => {
  await create({});
  const { body } = await call("GET");
  const echoed = {
    ...body.properties,
    sku: { name: "basic", family: "c", capacity: "0" },
    shardCount: 0,
    staticIP: null,
  };
  const answer = await call("PATCH", "", { tags: null, properties: echoed });
  expect([answer.status, answer.body.properties.redisConfiguration]).toEqual([200, body.properties.redisConfiguration]);
});

describe("linked servers", () => {
  const link = (name: string) => ({
    properties: { linkedRedisCacheId: pathOf(name), linkedRedisCacheLocation: "local", serverRole: "secondary" },
  });

  test("are none, and cannot be made", async () => {
    await create({});
    expect((await call("GET", "/linkedServers")).body).toEqual({ value: [] });
    expect(refusal(await call("GET", "/linkedServers/other"))).toEqual([404, "ResourceNotFound", undefined]);
    expect(refusal(await call("DELETE", "/linkedServers/other"))).toEqual([404, "ResourceNotFound", undefined]);
    const asked = await call("PUT", "/linkedServers/other", link("other"));
    expect(refusal(asked)).toEqual([400, "OperationNotSupported", "properties.linkedRedisCacheId"]);
    expect(asked.body.error.message).toContain("geo-replication");
    expect(refusal(await call("PUT", "/linkedServers/other", { properties: {} }))).toEqual([
      400,
      "InvalidParameter",
      "properties.linkedRedisCacheId",
    ]);
  });
});

test("upgrade notifications need to know how far to look back", async () => {
  await create({});
  expect(refusal(await call("GET", "/listUpgradeNotifications"))).toEqual([400, "InvalidParameter", "history"]);
  const version = "?api-version=2024-11-01";
  expect((await call("GET", `/listUpgradeNotifications${version}&history=5000`)).body).toEqual({ value: [] });
});

test.each([
  ["properties.subnetId", { subnetId: "/subscriptions/s/x" }],
  ["properties.staticIP", { staticIP: "10.0.0.1" }],
  ["properties.shardCount", { shardCount: 1 }],
])("%s is refused, as there is nothing behind it", async (target, properties) => {
  const answer = await create({ properties: { ...basicC0.properties, ...properties } });
  expect(refusal(answer)).toEqual([400, "OperationNotSupported", target]);
});
