/** Reboots, flushes, and new keys and certificates, while clients go on. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import type { Redis } from "ioredis";
import { CacheAccess } from "../fixture/cache-access.ts";
import { CacheNodes } from "../fixture/cache-nodes.ts";
import { enginePid } from "../fixture/engine-identity.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { killDaemon } from "../fixture/processes.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { SteadyClients, unnoticed } from "../fixture/steady-clients.ts";
import { until } from "../fixture/until.ts";

const trio = { sku: { name: "Premium", family: "P", capacity: 1 }, replicasPerPrimary: 2 } as const;

let service: TestService;
let cache: CacheAccess;
let nodes: CacheNodes;
let reader: Redis;

/** Which process life each node has, by node. */
async function lives(): Promise<Map<string, number>> {
  return new Map((await nodes.look()).nodes.map(({ id }) => [id, enginePid(service, id)]));
}

describe.skipIf(!hasValkey)("a cache with two replicas", () => {
  beforeAll(async () => {
    service = await startService({ engine: "native" });
    cache = await CacheAccess.of(service, await service.createCache("trio", trio));
    nodes = new CacheNodes(service, "trio");
    await nodes.untilWhole();
    reader = await cache.ioredis();
    await reader.set("kept", "since the beginning");
  }, 60_000);
  afterAll(async () => {
    cache?.close();
    await service?.stop();
  }, 30_000);

  test.each(["PrimaryNode", "SecondaryNode"] as const)(
    "reboots %s, and nobody notices",
    async (type) => {
      const clients = await SteadyClients.at(cache);
      const [before, primary] = [await lives(), await nodes.primary()];
      await service.client.rebootCache(nodes.at, type);
      const rebooted = [...before.keys()].filter((id) => (id === primary.id) === (type === "PrimaryNode"));
      await until("they have new lives", async () => {
        const now = await lives();
        return rebooted.every((id) => now.get(id) !== before.get(id));
      });
      await nodes.untilWhole();
      await clients.progress(20);
      expect(await clients.stop()).toEqual(unnoticed);
      const now = await lives();
      expect([...now.keys()].filter((id) => now.get(id) !== before.get(id)).sort()).toEqual(rebooted.sort());
      expect(await reader.get("kept")).toBe("since the beginning");
    },
    60_000,
  );

  test("is flushed while clients go on", async () => {
    const clients = await SteadyClients.at(cache, {}, 0);
    await service.client.flushCache(nodes.at);
    expect(await reader.get("kept")).toBeNull();
    await clients.progress(20);
    const { errors, disconnected } = await clients.stop();
    expect({ errors, disconnected }).toEqual({ errors: {}, disconnected: [] });
  }, 60_000);

  test("serves again after a reboot of all nodes, and clients keep their connections", async () => {
    const before = await lives();
    await service.client.rebootCache(nodes.at, "AllNodes");
    await until("all have new lives", async () => {
      const now = await lives();
      return [...before].every(([id, pid]) => now.get(id) !== pid);
    });
    await nodes.untilWhole();
    // Empty, unless a replica was back, with a whole copy, before the primary had ended.
    expect(await reader.set("kept", "again")).toBe("OK");
    expect(reader.status).toBe("ready");
  }, 60_000);

  test("gets a new key and a new certificate, and nobody notices", async () => {
    const clients = await SteadyClients.at(cache);
    const pki = join(service.dataDir, "controller/pki");
    const before = await servedSerial();
    rmSync(join(pki, "server.pem"));
    rmSync(join(pki, "server-key.pem"));
    await killDaemon(service, "controller");
    await until("the new certificate is served", async () => (await servedSerial()) !== before);
    const { primaryKey } = await service.client.regenerateKey(nodes.at, "Primary");
    await until("the new key is accepted", async () => (await cache.nodeRedis({ password: primaryKey })).isReady);
    await clients.progress(20);
    expect(await clients.stop()).toEqual(unnoticed);
  }, 60_000);
});

/** Of the certificate that a client sees. */
function servedSerial(): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...cache.own, ...cache.tlsOptions() }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}
