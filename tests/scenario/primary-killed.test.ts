/** `kill -9` of a primary under load: its replica takes over, clients keep their connections, and it comes back as a replica. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { CacheAccess } from "../fixture/cache-access.ts";
import { CacheNodes } from "../fixture/cache-nodes.ts";
import { enginePid } from "../fixture/engine-identity.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { until } from "../fixture/until.ts";
import { WriteLoad } from "../fixture/write-load.ts";

let service: TestService;

describe.skipIf(!hasValkey)("a primary that is killed", () => {
  beforeAll(async () => {
    service = await startService({ engine: "native" });
  }, 60_000);
  afterAll(() => service?.stop(), 30_000);

  test.each([
    ["Standard", { name: "Standard", family: "C", capacity: 0 }, {}],
    ["Premium with two replicas", { name: "Premium", family: "P", capacity: 1 }, { replicasPerPrimary: 2 }],
    [
      "Standard with durable writes",
      { name: "Standard", family: "C", capacity: 0 },
      { larder: { durableWrites: true } },
    ],
  ] as const)(
    "%s: three times in a row, no connection is lost, and errors only speak of unknown outcomes",
    async (tier, sku, more) => {
      const name = tier.replaceAll(" ", "-").toLowerCase();
      const cache = await CacheAccess.of(service, await service.createCache(name, { sku, ...more }));
      const nodes = new CacheNodes(service, name);
      const reader = await cache.ioredis();
      await reader.set("kept", "since the beginning");
      const clients = await Promise.all(Array.from({ length: 10 }, () => cache.ioredis()));
      const load = new WriteLoad(clients);
      for (let round = 0; round < 3; round++) {
        await nodes.untilWhole();
        await load.progress(100);
        const killed = await nodes.primary();
        process.kill(enginePid(service, killed.id), "SIGKILL");
        await load.progress(100);
        expect(await reader.get("kept")).toBe("since the beginning");
        await until("another node leads", async () => (await nodes.primary()).id !== killed.id);
      }
      await nodes.untilWhole();
      const { errors, wrong } = await load.stop(reader);
      // Only durable writes are promised to survive.
      if ("larder" in more) expect(wrong).toEqual([]);
      expect(errors.filter((error) => !error.startsWith("OUTCOMEUNKNOWN"))).toEqual([]);
      for (const client of clients) expect(client.status).toBe("ready");
      cache.close();
    },
    60_000,
  );
});
