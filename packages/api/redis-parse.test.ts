import { describe, expect, test } from "bun:test";
import { LarderError } from "./errors.ts";
import { parseRedisCreate, parseRedisUpdate } from "./redis-parse.ts";

const sku = { name: "Basic", family: "C", capacity: 0 };

function create(properties: Record<string, unknown> = {}, top: Record<string, unknown> = {}) {
  return parseRedisCreate({ location: "local", properties: { sku, ...properties }, ...top });
}

function refusal(run: () => unknown): { code: string; target: string | undefined; message: string } {
  try {
    run();
  } catch (error) {
    if (error instanceof LarderError) return { code: error.code, target: error.target, message: error.message };
    throw error;
  }
  throw new Error("was accepted");
}

describe("accepted", () => {
  test("the least body", () => {
    expect(create()).toEqual({ location: "local", properties: { sku } } as never);
  });

  test("a place for copies that is empty takes back what was set, as a text and as the command line sends it", () => {
    const none = { properties: { larder: { persistTo: { url: "", credentials: null } } } };
    for (const persistTo of ["", { url: "", credentials: null }])
      expect(parseRedisUpdate({ properties: { larder: { persistTo } } })).toEqual(none as never);
    const bad = refusal(() => parseRedisUpdate({ properties: { larder: { persistTo: { url: "shop" } } } }));
    expect(bad.target).toStartWith("properties.larder.persistTo");
  });

  test("enumerations in any case, numbers and booleans as text", () => {
    const body = create({
      sku: { name: "BASIC", family: "c", capacity: "1" },
      enableNonSslPort: "True",
      publicNetworkAccess: "enabled",
      redisConfiguration: { "maxmemory-policy": "AllKeys-LRU", databases: 4 },
    });
    expect(body.properties).toEqual({
      sku: { name: "Basic", family: "C", capacity: 1 },
      enableNonSslPort: true,
      publicNetworkAccess: "Enabled",
      redisConfiguration: { "maxmemory-policy": "allkeys-lru", databases: "4" },
    });
  });

  test("what the service answered, sent back", () => {
    const echoed = create(
      {
        provisioningState: "Succeeded",
        hostName: "a.larder.localhost",
        sslPort: 6380,
        accessKeys: null,
        instances: [{ sslPort: 10000, isMaster: true }],
        redisConfiguration: { maxclients: "256", "aad-enabled": "false" },
        tenantSettings: {},
        shardCount: null,
        replicasPerMaster: 0,
      },
      { id: "/x", type: "Microsoft.Cache/Redis", zones: [], identity: { type: "None" }, tags: null },
    );
    expect(echoed).toEqual({
      location: "local",
      properties: {
        sku,
        redisConfiguration: { "aad-enabled": "false" },
        tenantSettings: {},
        replicasPerMaster: 0,
        identity: { isSystemAssigned: false, userAssigned: [] },
      },
    } as never);
  });

  test("zones and an identity, kept with the properties that they stand beside", () => {
    const id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/worker";
    const identity = { type: "systemAssigned, userAssigned", userAssignedIdentities: { [id]: {} } };
    expect(create({}, { zones: ["2", 1, "2"], identity }).properties).toEqual({
      sku,
      zones: ["1", "2"],
      identity: { isSystemAssigned: true, userAssigned: [id] },
    } as never);
    expect(parseRedisUpdate({ identity: { type: "None" } })).toEqual({
      properties: { identity: { isSystemAssigned: false, userAssigned: [] } },
    });
  });

  test("an update of nothing but tags", () => {
    expect(parseRedisUpdate({ tags: { a: "b" } })).toEqual({ tags: { a: "b" } });
  });
});

describe("refused", () => {
  test.each([
    [undefined, undefined],
    ["text", undefined],
    [[], undefined],
  ])("a body that is no object: %p", (body) => {
    expect(refusal(() => parseRedisCreate(body)).code).toBe("InvalidRequestBody");
  });

  test.each([
    ["location", { properties: { sku } }],
    ["properties", { location: "local" }],
    ["properties.sku", { location: "local", properties: {} }],
    ["properties.sku.capacity", { location: "local", properties: { sku: { ...sku, capacity: "many" } } }],
    ["properties.sku.name", { location: "local", properties: { sku: { ...sku, name: "Gold" } } }],
    ["tags", { location: "local", properties: { sku }, tags: [] }],
    ["tags.a", { location: "local", properties: { sku }, tags: { a: { b: 1 } } }],
    ["zones", { location: "local", properties: { sku }, zones: "1" }],
    ["zones.0", { location: "local", properties: { sku }, zones: ["a b"] }],
    ["identity.type", { location: "local", properties: { sku }, identity: { type: "Mine" } }],
    [
      "identity.userAssignedIdentities",
      { location: "local", properties: { sku }, identity: { type: "UserAssigned", userAssignedIdentities: {} } },
    ],
    [
      "identity.userAssignedIdentities./me",
      {
        location: "local",
        properties: { sku },
        identity: { type: "UserAssigned", userAssignedIdentities: { "/me": {} } },
      },
    ],
  ])("%s, by name", (target, body) => {
    expect(refusal(() => parseRedisCreate(body))).toMatchObject({ code: "InvalidParameter", target });
  });

  test.each([
    ["properties.minimumTlsVersion", { minimumTlsVersion: "1.4" }],
    ["properties.enableNonSslPort", { enableNonSslPort: "perhaps" }],
    ["properties.redisConfiguration.maxmemory-policy", { redisConfiguration: { "maxmemory-policy": "random" } }],
    ["properties.redisConfiguration.databases", { redisConfiguration: { databases: "0" } }],
    ["properties.redisConfiguration.made-up", { redisConfiguration: { "made-up": "1" } }],
    ["properties.redisConfiguration.constructor", { redisConfiguration: { constructor: "1" } }],
  ])("%s, by name, in an update", (target, properties) => {
    expect(refusal(() => parseRedisUpdate({ properties }))).toMatchObject({ code: "InvalidParameter", target });
  });

  test.each([
    ["properties.subnetId", {}, { subnetId: "/subscriptions/x" }],
    ["properties.shardCount", {}, { shardCount: 2 }],
    [
      "properties.redisConfiguration.preferred-data-persistence-auth-method",
      {},
      { redisConfiguration: { "preferred-data-persistence-auth-method": "ManagedIdentity" } },
    ],
  ])("%s, as Larder does not have it", (target, top, properties) => {
    expect(refusal(() => create(properties, top))).toMatchObject({ code: "OperationNotSupported", target });
  });
});
