/** Cluster clients that come through a load balancer: the addresses that they are told lead back through it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { refusedByManagedRedis } from "@larder/api";
import { Cluster } from "ioredis";
import { createCluster } from "redis";
import { parseProxySources } from "../../packages/gateway/front/proxy-sources.ts";
import { startBalancer, type TestBalancer } from "../fixture/balancer.ts";
import { freePorts } from "../fixture/free-ports.ts";
import { startGateway, type TestGateway } from "../fixture/gateway.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { accessKey as password } from "../fixture/route.ts";

let served: TestGateway;
let plain: TestBalancer;
let encrypted: TestBalancer;

beforeAll(async () => {
  if (!hasValkey) return;
  const route = { isCluster: true, databases: 1, refusedCommands: refusedByManagedRedis };
  served = await startGateway(route, undefined, { proxies: parseProxySources("127.0.0.1/32") });
  const [plainPort = 0, tlsPort = 0] = await freePorts(2);
  plain = await startBalancer(served.plainPort, plainPort);
  encrypted = await startBalancer(served.sharedPort, tlsPort);
});
afterAll(async () => {
  plain?.stop();
  encrypted?.stop();
  await served?.stop();
});

describe.skipIf(!hasValkey)("behind a load balancer", () => {
  test("ioredis comes back to the balancer, by its address or by the name in the handshake", async () => {
    const { hostName: servername } = served.route;
    // The name leads nowhere here but to this machine.
    const dnsLookup = (host: string, done: (error: null, address: string) => void) => done(null, host);
    const natMap = { [`${servername}:${encrypted.port}`]: { host: "127.0.0.1", port: encrypted.port } };
    for (const [port, options, host] of [
      [plain.port, { redisOptions: { password } }, "127.0.0.1"],
      [encrypted.port, { natMap, redisOptions: { password, tls: { ca: served.ca, servername } } }, "127.0.0.1"],
    ] as const) {
      const cluster = new Cluster([{ host: "127.0.0.1", port }], { dnsLookup, ...options });
      expect(await cluster.incr(`count:${port}`)).toBe(1);
      expect(cluster.nodes("master").map(({ options }) => [options.host, options.port])).toEqual([[host, port]]);
      cluster.disconnect();
    }
  });

  test("node-redis and valkey-cli come back to the balancer, too", async () => {
    const { port } = plain;
    const cluster = createCluster({ rootNodes: [{ url: `redis://127.0.0.1:${port}` }], defaults: { password } });
    await cluster.connect();
    expect(await cluster.set("key", "value")).toBe("OK");
    expect(cluster.masters.map(({ address }) => address)).toEqual([`127.0.0.1:${port}`]);
    await cluster.close();

    const ca = join(dirname(served.engine.socketPath), "ca.pem");
    writeFileSync(ca, served.ca);
    expect(await ask(port, "get", "key")).toBe("value\n");
    expect(await ask(port, "cluster", "nodes")).toContain(` 127.0.0.1:${port}@0 myself,master `);
    const { hostName } = served.route;
    const tls = ["--tls", "--cacert", ca, "--sni", hostName];
    expect(await ask(encrypted.port, ...tls, "cluster", "slots")).toContain(`${hostName}\n${encrypted.port}\n`);
    const shards = await ask(encrypted.port, ...tls, "cluster", "shards");
    expect(shards).toContain(`tls-port\n${encrypted.port}\nip\n${hostName}\n`);
  });
});

/** What valkey-cli as a cluster client writes. */
async function ask(port: number, ...words: string[]): Promise<string> {
  const command = ["valkey-cli", "-c", "-p", `${port}`, ...words];
  const environment = { ...process.env, REDISCLI_AUTH: password };
  const client = Bun.spawn(command, { env: environment, stderr: "inherit", timeout: 5_000 });
  return new Response(client.stdout).text();
}
