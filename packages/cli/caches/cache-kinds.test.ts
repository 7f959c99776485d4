import { describe, expect, test } from "bun:test";
import { CommandError } from "../failure.ts";
import { kindOf, providerOfSize, requireFeature } from "./cache-kinds.ts";
import { sizeWishes, wishedPersistence } from "./cache-wishes.ts";
import { clusterSizeName } from "./cluster-size.ts";

test.each([
  ["Balanced_B0", "Balanced_B0"],
  ["b1000", "Balanced_B1000"],
  ["memoryoptimized m10", "MemoryOptimized_M10"],
  ["COMPUTEOPTIMIZED-X3", "ComputeOptimized_X3"],
  ["E10", "Enterprise_E10"],
  ["flashoptimized_a250", "FlashOptimized_A250"],
  ["Balanced_B99", "Balanced_B99"],
])("%s is a cluster's size, whether there is such a one or not", (text, name) => {
  expect(clusterSizeName(text)).toBe(name);
  expect(providerOfSize(text)).toBe("enterprise");
});

test.each(["C0", "P1", "Basic_C0", "Standard C1", "balanced", "B99", "", "_"])("%p is none", (text) => {
  expect(clusterSizeName(text)).toBeUndefined();
});

test("a size is written as it can be typed", () => {
  expect(sizeWishes({ name: "Premium", family: "P", capacity: 2 })).toEqual({ sku: "Premium P2" });
  expect(sizeWishes({ name: "Balanced_B0" })).toEqual({ sku: "Balanced_B0" });
  expect(sizeWishes({ name: "Enterprise_E1", capacity: 4 })).toEqual({ sku: "Enterprise_E1", capacity: "4" });
});

test("ways to keep data exclude each other", () => {
  expect(wishedPersistence("aof")).toEqual({ aofEnabled: true, rdbEnabled: false, aofFrequency: "1s" });
  expect(wishedPersistence("rdb-6h")).toEqual({ aofEnabled: false, rdbEnabled: true, rdbFrequency: "6h" });
  expect(wishedPersistence("off")).toEqual({ aofEnabled: false, rdbEnabled: false });
  expect(wishedPersistence(undefined)).toBeUndefined();
});

describe("what does not fit", () => {
  const client = {} as never;
  const at = (provider: "redis" | "enterprise") => ({ resourceGroup: "default", name: "shop", provider });

  test.each([
    ["enterprise", { replicas: "2" }, "--replicas does not fit: a cluster has one replica"],
    ["enterprise", { plainPort: true }, "--plain-port does not fit: a cluster has one port"],
    ["enterprise", { config: ["databases=2"] }, "A cluster has no setting databases."],
    ["enterprise", { port: "many" }, '--port takes a whole number, not "many".'],
    ["redis", { highAvailability: "on" }, "--high-availability does not fit: the size says"],
    ["redis", { clusteringPolicy: "OSSCluster" }, "--clustering-policy does not fit: it belongs to clusters"],
  ] as const)("%s: %j", async (provider, wishes, message) => {
    const sku = provider === "redis" ? "C0" : "B0";
    const { config, ...rest } = wishes as { config?: readonly string[] };
    const asked = { sku, location: "local", ...rest, ...(config && { config: [...config] }) };
    await expect(kindOf(at(provider)).create(client, at(provider), asked)).rejects.toThrow(message);
  });

  test("of an assignment", () => {
    const [redis, cluster] = [kindOf(at("redis")), kindOf(at("enterprise"))];
    expect(redis.assignmentBody({ objectId: "a", policy: "p" })).toEqual({
      objectId: "a",
      objectIdAlias: "a",
      accessPolicyName: "p",
    });
    expect(cluster.assignmentBody({ objectId: "a", permissions: "+@read ~a*" })).toEqual({
      user: { objectId: "a" },
      accessString: "+@read ~a*",
    });
    expect(() => redis.assignmentBody({ objectId: "a" })).toThrow("Say which access policy");
    expect(() => redis.assignmentBody({ objectId: "a", policy: "p", permissions: "+get" })).toThrow(CommandError);
    expect(() => cluster.assignmentBody({ objectId: "a", policy: "p" })).toThrow("one access policy, default");
    expect(() => cluster.assignmentBody({ objectId: "a", alias: "web" })).toThrow("the user name is the object id");
  });

  test.each(["firewall", "policies"] as const)("of features: %s", (feature) => {
    const cache = { at: at("redis"), name: "shop", type: "cache" };
    const cluster = { at: at("enterprise"), name: "shop", type: "cluster" };
    expect(() => requireFeature(cache, feature)).not.toThrow();
    expect(() => requireFeature(cluster, feature)).toThrow("shop is a cluster, which has no");
  });
});
