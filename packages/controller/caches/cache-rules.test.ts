import { describe, expect, test } from "bun:test";
import { LarderError, type RedisCreateProperties, type Sku } from "@larder/api";
import { cacheFixture } from "../documents/cache-fixture.ts";
import { settingsOfPatch, settingsOfPut } from "./cache-rules.ts";

const sku = (capacity: number, name: "Basic" | "Standard" | "Premium" = "Basic") =>
  ({ name, family: name === "Premium" ? "P" : "C", capacity }) as const;
const current = (changes: Partial<RedisCreateProperties> = {}) => settingsOfPut({ sku: sku(1), ...changes }, undefined);

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof LarderError) return `${error.code} ${error.target}`;
  }
  return "accepted";
}

test("a PUT gives defaults to what it leaves out", () => {
  expect(settingsOfPut({ sku: sku(0) }, undefined)).toEqual(cacheFixture().settings);
});

test("a PUT resets what it leaves out, except what is said at creation only", () => {
  const before = current({
    enableNonSslPort: true,
    redisConfiguration: { databases: "4", "maxmemory-policy": "allkeys-lru" },
  });
  const after = settingsOfPut({ sku: sku(1) }, before);
  expect([after.enableNonSslPort, after.redisConfiguration]).toEqual([false, { databases: "4" }]);
});

test("a PATCH keeps what it leaves out, and merges settings by key", () => {
  const before = current({ enableNonSslPort: true, redisConfiguration: { databases: "4" } });
  const after = settingsOfPatch({ redisConfiguration: { "maxmemory-policy": "allkeys-lru" } }, before);
  expect(after.enableNonSslPort).toBe(true);
  expect(after.redisConfiguration).toEqual({ databases: "4", "maxmemory-policy": "allkeys-lru" });
});

describe("replicas", () => {
  const replicasOf = (...[name, asked, before]: [Parameters<typeof sku>[1], object?, object?]) => {
    const put = (properties: object) => ({ sku: sku(1, name), ...properties }) as RedisCreateProperties;
    const current = before === undefined ? undefined : settingsOfPut(put(before), undefined);
    return settingsOfPut(put(asked ?? {}), current).replicas;
  };

  test("are as many as the tier has, or as a Premium cache asks for", () => {
    expect([replicasOf("Basic"), replicasOf("Standard"), replicasOf("Premium")]).toEqual([0, 1, 1]);
    expect(replicasOf("Premium", { replicasPerPrimary: 3 })).toBe(3);
    expect(replicasOf("Premium", { replicasPerMaster: 2, replicasPerPrimary: 2 })).toBe(2);
    expect(replicasOf("Basic", { replicasPerMaster: 0 })).toBe(0);
  });

  test("stay as many when nothing is said", () => {
    expect(replicasOf("Premium", {}, { replicasPerPrimary: 2 })).toBe(2);
    expect(replicasOf("Premium", { replicasPerPrimary: 3 }, { replicasPerPrimary: 2 })).toBe(3);
  });

  const target = "properties.replicasPerPrimary";
  test.each([
    ["Basic", { replicasPerPrimary: 1 }, `InvalidParameter ${target}`],
    ["Standard", { replicasPerPrimary: 2 }, `InvalidParameter ${target}`],
    ["Premium", { replicasPerPrimary: 4 }, `InvalidParameter ${target}`],
    ["Premium", { replicasPerPrimary: 2, replicasPerMaster: 1 }, `InvalidParameter ${target}`],
  ] as const)("%s, asking for %j: refused", (name, asked, expected) => {
    expect(refusal(() => replicasOf(name, asked))).toBe(expected);
  });
});

describe("moves between sizes", () => {
  const premium: Sku = { name: "Premium", family: "P", capacity: 1 };

  test.each([
    [sku(1), sku(2), "accepted"],
    [sku(2), sku(1), "accepted"],
    [sku(0), sku(1), "accepted"],
    [sku(0), sku(0), "accepted"],
    [sku(1), sku(0), "SkuNotSupported properties.sku"],
    [sku(1), sku(1, "Standard"), "accepted"],
    [sku(1), sku(2, "Standard"), "SkuNotSupported properties.sku"],
    [sku(1, "Standard"), sku(1), "SkuNotSupported properties.sku"],
    [sku(1, "Standard"), premium, "accepted"],
    [premium, sku(1, "Standard"), "SkuNotSupported properties.sku"],
    [sku(1), premium, "SkuNotSupported properties.sku"],
    [sku(1), sku(1, "Premium"), "SkuNotSupported properties.sku"],
    [sku(1), sku(7), "SkuNotSupported properties.sku"],
  ])("%j to %j: %s", (from, to, expected) => {
    expect(refusal(() => settingsOfPatch({ sku: to }, settingsOfPut({ sku: from }, undefined)))).toBe(expected);
  });

  test("databases must fit the smaller size", () => {
    const before = current({ sku: sku(4), redisConfiguration: { databases: "32" } });
    expect(refusal(() => settingsOfPatch({ sku: sku(3) }, before))).toBe(
      "InvalidParameter properties.redisConfiguration.databases",
    );
  });
});

describe("refused", () => {
  test.each([
    [{ disableAccessKeyAuthentication: true }, "InvalidParameter properties.disableAccessKeyAuthentication"],
    [{ zonalAllocationPolicy: "UserDefined" }, "InvalidParameter properties.zonalAllocationPolicy"],
    [{ zones: ["1"] }, "InvalidParameter zones"],
    [{ minimumTlsVersion: "1.1" }, "OperationNotSupported properties.minimumTlsVersion"],
    [{ redisVersion: "4.0" }, "InvalidParameter properties.redisVersion"],
    [{ redisConfiguration: { databases: "5" } }, "InvalidParameter properties.redisConfiguration.databases"],
    [
      { redisConfiguration: { "notify-keyspace-events": "KEA" } },
      "InvalidParameter properties.redisConfiguration.notify-keyspace-events",
    ],
  ])("%j", (asked, expected) => {
    expect(refusal(() => settingsOfPatch(asked, current()))).toBe(expected);
  });
});

test.each(["durableWrites", "replicaReads"])("%s needs a replica, and stays until it is changed", (setting) => {
  const larder = { [setting]: true };
  expect(refusal(() => settingsOfPut({ sku: sku(1), larder }, undefined))).toBe(
    `InvalidParameter properties.larder.${setting}`,
  );
  const before = settingsOfPut({ sku: sku(1, "Standard"), larder }, undefined);
  expect(settingsOfPatch({ enableNonSslPort: true }, before)).toMatchObject(larder);
  expect(settingsOfPut({ sku: sku(1, "Standard"), larder: { [setting]: false } }, before)).toMatchObject({
    [setting]: false,
  });
});

describe("zones", () => {
  const zonesOf = (asked: Partial<RedisCreateProperties>, before?: Partial<RedisCreateProperties>) => {
    const { zones, zonalAllocationPolicy } = settingsOfPut({ sku: sku(1), ...asked }, before && current(before));
    return [zones, zonalAllocationPolicy];
  };

  test("are its owner's choice, or the service's", () => {
    expect(zonesOf({ zones: ["1", "2"] })).toEqual([["1", "2"], "UserDefined"]);
    expect(zonesOf({})).toEqual([[], "Automatic"]);
    expect(zonesOf({ zonalAllocationPolicy: "NoZones" })).toEqual([[], "NoZones"]);
    for (const zonalAllocationPolicy of ["Automatic", "NoZones"])
      expect(refusal(() => zonesOf({ zones: ["1"], zonalAllocationPolicy }))).toBe(
        "InvalidParameter properties.zonalAllocationPolicy",
      );
  });

  test("stay what they are", () => {
    expect(zonesOf({}, { zones: ["1"] })).toEqual([["1"], "UserDefined"]);
    expect(zonesOf({ zones: ["1"] }, { zones: ["1"] })).toEqual([["1"], "UserDefined"]);
    expect(refusal(() => zonesOf({ zones: ["2"] }, { zones: ["1"] }))).toBe("InvalidParameter zones");
  });
});

test("a reserve of nothing is none: what a cache without one shows is taken back", () => {
  const none = { "maxmemory-reserved": "0", "maxmemory-delta": "0", "maxfragmentationmemory-reserved": "0" };
  expect(settingsOfPatch({ redisConfiguration: none }, current()).redisConfiguration).toEqual({});
  const before = settingsOfPut(
    { sku: sku(1, "Standard"), redisConfiguration: { "maxmemory-reserved": "100" } },
    undefined,
  );
  expect(settingsOfPatch({ redisConfiguration: none }, before).redisConfiguration).toEqual({});
});
