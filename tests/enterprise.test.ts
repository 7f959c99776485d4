/** A cluster of Microsoft.Cache/redisEnterprise and its database, of a whole service, as applications and their cluster clients see it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Cluster, type ClusterOptions, Redis } from "ioredis";
import { createCluster } from "redis";
import { madeDatabase } from "./fixture/managed-redis.ts";
import { hasNativeEngine } from "./fixture/native-engine.ts";
import { startService, type TestService } from "./fixture/service.ts";

let service: TestService;
let ca: string;

beforeAll(async () => {
  if (!hasNativeEngine) return;
  service = await startService();
  ca = readFileSync(service.connection.ca, "utf8");
}, 60_000);
afterAll(() => service?.stop(), 30_000);

describe.skipIf(!hasNativeEngine)("a database", () => {
  test("as a cluster of one node, with high availability on one host", async () => {
    const { port, password } = await madeDatabase(service, "Shop", {});
    const rootNodes = [{ host: "localhost", port }];
    // As Azure tells its users: otherwise ioredis goes by addresses, which certificates there do not have.
    const dnsLookup: ClusterOptions["dnsLookup"] = (host, done) => done(null, host);
    const cluster = new Cluster(rootNodes, { dnsLookup, redisOptions: { password, tls: { ca } } });
    await cluster.set("key", "value");
    expect(await cluster.get("key")).toBe("value");
    expect(await cluster.cluster("INFO")).toContain("cluster_state:ok");
    expect(cluster.nodes("master").map(({ options }) => [options.host, options.port])).toEqual([["localhost", port]]);
    expect(cluster.nodes("slave")).toEqual([]);
    cluster.disconnect();

    const socket = { tls: true, ca } as const;
    const other = createCluster({ rootNodes: [{ url: `rediss://localhost:${port}` }], defaults: { password, socket } });
    await other.connect();
    expect(await other.get("key")).toBe("value");
    expect<unknown>(await other.multi().incr("count").incr("count").exec()).toEqual([1, 2]);
    await other.close();

    const one = new Redis({ host: "localhost", port, password, tls: { ca } });
    expect(await one.cluster("KEYSLOT", "foo")).toBe(12_182);
    expect(await one.cluster("NODES")).toMatch(
      new RegExp(`^[0-9a-f]{40} localhost:${port}@0 myself,master - 0 0 1 connected 0-16383\n$`),
    );
    expect(await one.readonly()).toBe("OK");
    expect(await one.readwrite()).toBe("OK");
    expect(await one.info("cluster")).toContain("cluster_enabled:1");
    await expect(one.select(1)).rejects.toThrow("out of range");
    await expect(one.call("CONFIG", "GET", "maxmemory")).rejects.toThrow("unknown command");
    await expect(one.call("CLUSTER", "FORGET", "x")).rejects.toThrow("unknown subcommand");
    await expect(one.call("CLUSTER", "KEYSLOT")).rejects.toThrow("wrong number of arguments");
    one.disconnect();
  });

  test("by its name on the shared port, which has the location in it", async () => {
    const { password } = await madeDatabase(service, "named", {});
    const host = "named.local.larder.localhost";
    const shared = { host: "127.0.0.1", port: service.ports.tlsPort, password, tls: { ca, servername: host } };
    const client = new Redis(shared);
    expect(await client.cluster("SLOTS")).toEqual([[0, 16_383, [host, service.ports.tlsPort, expect.any(String), []]]]);
    client.disconnect();
  });

  test("without a cluster and without TLS", async () => {
    const { port, password } = await madeDatabase(service, "plain", {
      clusteringPolicy: "EnterpriseCluster",
      clientProtocol: "Plaintext",
    });
    const client = new Redis({ host: "localhost", port, password });
    expect(await client.set("a", "1")).toBe("OK");
    await expect(client.cluster("SLOTS")).rejects.toThrow("unknown command");
    await expect(client.readonly()).rejects.toThrow("unknown command");
    client.disconnect();
  });
});
