/** `kill -9` of a primary under load: its replica takes over, clients keep their connections, and it comes back as a replica. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { LarderNode } from "@larder/api";
import { CacheAccess } from "../fixture/cache-access.ts";
import { enginePid } from "../fixture/engine-identity.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { until } from "../fixture/until.ts";
import { WriteLoad } from "../fixture/write-load.ts";

let service: TestService;

async function nodesOf(name: string): Promise<LarderNode[]> {
  const at = { resourceGroup: service.connection.resourceGroup, name };
  return (await service.client.getCache(at)).properties.larder.nodes;
}

function primaryOf(nodes: LarderNode[]): LarderNode {
  const primary = nodes.find(({ role }) => role === "primary");
  if (primary === undefined) throw new Error("the cache has no primary");
  return primary;
}

async function untilWhole(name: string): Promise<void> {
  await until("there is one primary, and all others are in sync", async () => {
    const nodes = await nodesOf(name);
    return (
      nodes.filter(({ role }) => role === "primary").length === 1 &&
      nodes.filter(({ inSync }) => inSync).length === nodes.length - 1
    );
  });
}

describe.skipIf(!hasValkey)("a primary that is killed", () => {
  beforeAll(async () => {
    service = await startService({ engine: "native" });
  }, 60_000);
  afterAll(() => service?.stop(), 30_000);

  test.each([
    ["Standard", { name: "Standard", family: "C", capacity: 0 }, {}],
    ["Premium with two replicas", { name: "Premium", family: "P", capacity: 1 }, { replicasPerPrimary: 2 }],
  ] as const)(
    "%s: three times in a row, no connection is lost, and errors only speak of unknown outcomes",
    async (tier, sku, more) => {
      const name = tier === "Standard" ? "twins" : "trio";
      const cache = await CacheAccess.of(service, await service.createCache(name, { sku, ...more }));
      const reader = await cache.ioredis();
      await reader.set("kept", "since the beginning");
      const clients = await Promise.all(Array.from({ length: 10 }, () => cache.ioredis()));
      const load = new WriteLoad(clients);
      for (let round = 0; round < 3; round++) {
        await untilWhole(name);
        await load.progress(100);
        const killed = primaryOf(await nodesOf(name));
        process.kill(enginePid(service, killed.id), "SIGKILL");
        await load.progress(100);
        expect(await reader.get("kept")).toBe("since the beginning");
        await until("another node leads", async () => {
          const primary = (await nodesOf(name)).find(({ role }) => role === "primary");
          return primary !== undefined && primary.id !== killed.id;
        });
      }
      await untilWhole(name);
      const { errors } = await load.stop(reader);
      expect(errors.filter((error) => !error.startsWith("OUTCOMEUNKNOWN"))).toEqual([]);
      for (const client of clients) expect(client.status).toBe("ready");
      cache.close();
    },
    60_000,
  );
});
