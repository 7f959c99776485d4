/** Engines, agents, controller and gateway die at one moment, under load: a persistent cache comes back with what was kept. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LarderPersistence } from "@larder/api";
import { nodeFolders, pidOf } from "../../bench/availability/larder-nodes.ts";
import { identifyProcess } from "../../packages/agent/engine/process.ts";
import { CacheAccess } from "../fixture/cache-access.ts";
import { CacheNodes } from "../fixture/cache-nodes.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { until } from "../fixture/until.ts";

const premium = { sku: { name: "Premium", family: "P", capacity: 1 } } as const;
/** The engine syncs each second; what it wrote before that survives it in any case. */
const lostWithinMs = 2_000;

let dataDir: string;
let service: TestService;

describe.skipIf(!hasValkey || process.platform !== "linux")("everything is killed", () => {
  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), "larder-kept-"));
    service = await startService({ engine: "native", hosts: 2, dataDir });
  }, 60_000);
  afterAll(async () => {
    await service?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }, 30_000);

  async function killEverything(): Promise<void> {
    const { controller, agent, gateway } = service.pids();
    const engines = nodeFolders(service.dataDir).map(pidOf);
    const pids = [service.process.pid, controller, agent, gateway, engines].flat();
    for (const pid of pids) process.kill(pid, "SIGKILL");
    await until("all have ended", async () => {
      const living = await Promise.all(pids.map((pid) => identifyProcess(pid)));
      return living.every((one) => one === undefined);
    });
  }

  async function comeBack(): Promise<{ cache: CacheAccess; nodes: CacheNodes }> {
    service = await startService({ engine: "native", hosts: 2, dataDir, ports: service.ports });
    const nodes = new CacheNodes(service, "kept");
    await nodes.untilWhole();
    return { cache: await CacheAccess.of(service, await service.client.getCache(nodes.at)), nodes };
  }

  async function untilKept(holds: (kept: LarderPersistence) => boolean): Promise<void> {
    const nodes = new CacheNodes(service, "kept");
    await until("the cache is kept", async () => {
      const { persistence } = await nodes.look();
      return persistence !== null && holds(persistence);
    }).catch(async (cause: unknown) => {
      throw new Error(JSON.stringify((await nodes.look()).persistence), { cause });
    });
  }

  test("with append-only files: nothing is lost but the last writes", async () => {
    const created = await service.createCache("kept", {
      ...premium,
      redisConfiguration: { "aof-backup-enabled": "true" },
    });
    const before = await CacheAccess.of(service, created);
    await new CacheNodes(service, "kept").untilWhole();
    await untilKept(({ aof }) => aof === "on");
    const acknowledged: { key: string; atMs: number }[] = [];
    const writers = await Promise.all(Array.from({ length: 4 }, () => before.ioredis()));
    const writing = writers.map(async (client, writer) => {
      for (let index = 0; ; index++) {
        const key = `${writer}-${index}`;
        await client.set(key, key);
        acknowledged.push({ key, atMs: performance.now() });
      }
    });
    const over = Promise.allSettled(writing);
    await until("much is written", () => acknowledged.length > 5_000);
    const diedMs = performance.now();
    await killEverything();
    for (const client of writers) client.disconnect();
    await over;
    before.close();

    const { cache, nodes } = await comeBack();
    const client = await cache.ioredis();
    const found = await client.mget(acknowledged.map(({ key }) => key));
    const lost = acknowledged.filter(({ key }, index) => found[index] !== key);
    process.stdout.write(`${lost.length} of ${acknowledged.length} acknowledged writes were lost\n`);
    expect(lost.filter(({ atMs }) => atMs < diedMs - lostWithinMs)).toEqual([]);
    expect((await nodes.events()).map(({ cause }) => cause).join()).toContain("append-only files");
    cache.close();
  }, 120_000);

  test("with snapshots: the newest comes back, on all nodes", async () => {
    const { cache: before, nodes } = await (async () => {
      const at = new CacheNodes(service, "kept");
      return { nodes: at, cache: await CacheAccess.of(service, await service.client.getCache(at.at)) };
    })();
    const client = await before.ioredis();
    await client.flushall();
    await client.mset(Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`saved-${index}`, String(index)])));
    const changedMs = Date.now();
    const redisConfiguration = {
      "aof-backup-enabled": "false",
      "rdb-backup-enabled": "true",
      "rdb-backup-frequency": "15",
    };
    await service.client.updateCache(nodes.at, { properties: { redisConfiguration } });
    // What the append-only files had is kept by a snapshot at once.
    await untilKept(({ lastSnapshotAt }) => lastSnapshotAt !== null && Date.parse(lastSnapshotAt) >= changedMs);
    await client.set("after", "1");
    await killEverything();
    before.close();

    const { cache } = await comeBack();
    const again = await cache.ioredis();
    expect(await again.dbsize()).toBe(500);
    expect(await again.get("saved-499")).toBe("499");
    cache.close();
  }, 120_000);
});
