/** The store is put back from a copy that knows of neither of the last two leaders: the cache serves again by itself, with all its data. */
import { afterAll, beforeAll, describe, expect } from "bun:test";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CacheAccess } from "../fixture/cache-access.ts";
import { CacheNodes } from "../fixture/cache-nodes.ts";
import { longTest } from "../fixture/long-test.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { isAlive } from "../fixture/processes.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { until } from "../fixture/until.ts";

const replicated = { sku: { name: "Standard", family: "C", capacity: 0 } } as const;
let dataDir: string;
let copy: string;
let service: TestService;

/** From here on the same ports, so that clients find the cache where it was. */
const begin = async () => {
  service = await startService({ engine: "native", dataDir, ...(service && { ports: service.ports }) });
};
/** Its controller has ended, too: the store's files are one state then. */
const crash = async () => {
  const { controller } = service.pids();
  await service.kill();
  await until("the controller has ended", () => !controller.some(isAlive));
};
const storeFiles = (directory: string) => readdirSync(directory).filter((name) => name.startsWith("store.db"));

describe.skipIf(!hasValkey)("a store that was put back", () => {
  beforeAll(async () => {
    [dataDir, copy] = ["data", "copy"].map((name) => mkdtempSync(join(tmpdir(), `larder-${name}-`))) as [
      string,
      string,
    ];
    await begin();
  }, 60_000);
  afterAll(async () => {
    await service?.stop();
    for (const directory of [dataDir, copy]) rmSync(directory, { recursive: true, force: true });
  }, 30_000);

  longTest(
    "does not keep its caches from serving",
    async () => {
      const cache = await CacheAccess.of(service, await service.createCache("shop", replicated));
      const nodes = new CacheNodes(service, "shop");
      await nodes.untilWhole();
      await crash();
      const controller = join(dataDir, "controller");
      for (const name of storeFiles(controller)) cpSync(join(controller, name), join(copy, name));
      await begin();
      const later = new CacheNodes(service, "shop");
      for (let round = 0; round < 3; round++) {
        await later.untilWhole();
        await later.switchOver();
      }
      await later.untilWhole();
      const client = await cache.nodeRedis();
      await client.set("kept", "since the copy");
      cache.close();
      await crash();
      for (const name of storeFiles(controller)) rmSync(join(controller, name));
      for (const name of storeFiles(copy)) cpSync(join(copy, name), join(controller, name));
      await begin();
      const found = await service.client.getCache({ resourceGroup: "default", name: "shop" });
      await until("the cache serves", async () => {
        const again = await CacheAccess.of(service, found);
        try {
          const reader = await again.nodeRedis();
          expect(await reader.get("kept")).toBe("since the copy");
          return (await reader.set("written", "after")) === "OK";
        } finally {
          again.close();
        }
      });
      await new CacheNodes(service, "shop").untilWhole();
    },
    60_000,
  );
});
