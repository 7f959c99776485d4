/** A persistent cache's last node dies under load, then all there is, then the disks as well: it comes back with what was kept. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LarderPersistence, RedisUpdateBody } from "@larder/api";
import { folderOf, nodeFolders, pidOf } from "../../bench/availability/larder-nodes.ts";
import { identifyProcess } from "../../packages/agent/engine/process.ts";
import { CacheAccess } from "../fixture/cache-access.ts";
import { CacheNodes } from "../fixture/cache-nodes.ts";
import { KeyWriters } from "../fixture/key-writers.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { until } from "../fixture/until.ts";

const premium = { sku: { name: "Premium", family: "P", capacity: 1 } } as const;
const snapshots = {
  "aof-backup-enabled": "false",
  "rdb-backup-enabled": "true",
  "rdb-backup-frequency": "15",
} as const;
/** The engine syncs each second; what it wrote before that survives it in any case. */
const lostWithinMs = 1_000;
/** Where everything dies the machine is busy with all that, and so is its disk. */
const lostWithAllWithinMs = 2_000;
let dataDir: string;
let service: TestService;

describe.skipIf(!hasValkey || process.platform !== "linux")("everything is killed", () => {
  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), "larder-kept-"));
    service = await startService({ engine: "native", hosts: 2, dataDir });
    await until("both hosts are there", async () => {
      const hosts = await service.client.listHosts();
      return hosts.filter(({ state }) => state === "active").length === 2;
    });
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

  /** Each of its lives ends as soon as it has begun, until `isOver`: it never has a copy. */
  async function keepDown(nodeId: string, isOver: () => boolean, onKilled: () => void): Promise<void> {
    const killed = new Set<number>();
    await until("the node is left alone", async () => {
      const pid = pidOf(folderOf(dataDir, nodeId));
      if (isOver() || killed.has(pid)) return isOver();
      process.kill(pid, "SIGKILL");
      killed.add(pid);
      onKilled();
      return false;
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

  test("the last node, with append-only files: it comes back by itself, but for the last second of writes", async () => {
    const redisConfiguration = { "aof-backup-enabled": "true" };
    const created = await service.createCache("kept", { ...premium, redisConfiguration });
    const cache = await CacheAccess.of(service, created);
    const nodes = new CacheNodes(service, "kept");
    await nodes.untilWhole();
    await untilKept(({ aof }) => aof === "on");
    const primary = await nodes.primary();
    const clients = await Promise.all(Array.from({ length: 4 }, () => cache.ioredis()));
    const writers = new KeyWriters(clients, "alone");
    const replica = (await nodes.look()).nodes.find(({ role }) => role === "replica");
    let lives = 0;
    let isBack = false;
    const down = keepDown(
      String(replica?.id),
      () => isBack,
      () => lives++,
    );
    await until("the replica has died again", () => lives >= 2);
    await writers.progress(1_000);
    const diedMs = performance.now();
    process.kill(pidOf(folderOf(dataDir, primary.id)), "SIGKILL");
    await writers.progress(100);
    isBack = true;
    await down;
    await writers.stop();

    const lost = await writers.lost(await cache.ioredis());
    process.stdout.write(`${lost.length} of ${writers.acknowledged.length} acknowledged writes were lost\n`);
    expect(lost.filter(({ atMs }) => atMs < diedMs - lostWithinMs)).toEqual([]);
    expect((await nodes.primary()).id).toBe(primary.id);
    expect((await nodes.events()).map(({ cause }) => cause).join()).toContain("append-only files");
    cache.close();
  }, 120_000);

  test("with append-only files: nothing is lost but the last writes", async () => {
    const nodes = new CacheNodes(service, "kept");
    await nodes.untilWhole();
    await untilKept(({ aof }) => aof === "on");
    const before = await CacheAccess.of(service, await service.client.getCache(nodes.at));
    const writers = new KeyWriters(await Promise.all(Array.from({ length: 4 }, () => before.ioredis())), "all");
    await writers.progress(1_000);
    const diedMs = performance.now();
    await killEverything();
    before.close();
    await writers.stop();

    const { cache, nodes: again } = await comeBack();
    const lost = await writers.lost(await cache.ioredis());
    process.stdout.write(`${lost.length} of ${writers.acknowledged.length} acknowledged writes were lost\n`);
    expect(lost.filter(({ atMs }) => atMs < diedMs - lostWithAllWithinMs)).toEqual([]);
    expect((await again.events()).map(({ cause }) => cause).join()).toContain("append-only files");
    cache.close();
  }, 120_000);

  test("with snapshots, one of them damaged: the newest comes back, on all nodes", async () => {
    const { cache: before, nodes } = await (async () => {
      const at = new CacheNodes(service, "kept");
      return { nodes: at, cache: await CacheAccess.of(service, await service.client.getCache(at.at)) };
    })();
    const client = await before.ioredis();
    await client.flushall();
    await client.mset(Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`saved-${index}`, String(index)])));
    await service.client.updateCache(nodes.at, { properties: { redisConfiguration: snapshots } });
    // What the append-only files had is kept by a snapshot at once.
    await until("all nodes have one", () => nodeFolders(dataDir).every(({ path }) => snapshotsOf(path).length > 0));
    await client.set("after", "1");
    await killEverything();
    before.close();
    const [damagedNode] = nodeFolders(dataDir);
    if (damagedNode === undefined) throw new Error("there is no node");
    for (const path of snapshotsOf(damagedNode.path)) damage(path);

    const { cache, nodes: again } = await comeBack();
    const reader = await cache.ioredis();
    expect(await reader.dbsize()).toBe(500);
    expect(await reader.get("saved-499")).toBe("499");
    const told = (await again.events()).filter(({ kind }) => kind === "persistence");
    expect(told).toHaveLength(1);
    expect(told[0]?.text).toStartWith(`${damagedNode.nodeId} could not read `);
    cache.close();
  }, 120_000);

  test("with copies in storage, all disks are lost: the newest copy comes back, on all nodes", async () => {
    const nodes = new CacheNodes(service, "kept");
    await nodes.untilWhole();
    const client = await (await CacheAccess.of(service, await service.client.getCache(nodes.at))).ioredis();
    const set = (properties: NonNullable<RedisUpdateBody["properties"]>) =>
      service.client.updateCache(nodes.at, { properties });
    const copies = join(dataDir, "files");
    await set({
      larder: { persistTo: { url: `file://${copies}`, credentials: null } },
      redisConfiguration: { ...snapshots, "rdb-backup-max-snapshot-count": "10" },
    });
    await until("what is older is copied", () => copiesIn(copies).length > 0);
    await client.set("newer", "1");
    const changedMs = Date.now();
    await set({ redisConfiguration: { "rdb-backup-enabled": "false", "aof-backup-enabled": "true" } });
    await untilKept(({ aof }) => aof === "on");
    await set({ redisConfiguration: snapshots });
    await until("both nodes have copied what is newer", () => copiesIn(copies, changedMs).length === 2);
    await killEverything();
    client.disconnect();
    for (const { path } of nodeFolders(dataDir)) rmSync(path, { recursive: true });

    const { cache, nodes: again } = await comeBack();
    const reader = await cache.ioredis();
    expect(await reader.get("newer")).toBe("1");
    expect(await reader.dbsize()).toBe(501);
    expect((await again.look()).persistence?.restored?.from).toBe("copy");
    expect((await again.events()).find(({ kind }) => kind === "failover")?.cause).toContain("a copy in storage");
    cache.close();
  }, 120_000);
});

function snapshotsOf(node: string): string[] {
  const directory = join(node, "snapshots");
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).filter((name) => name.endsWith(".rdb"));
  return names.map((name) => join(directory, name));
}

function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length - 20] = (bytes.at(-20) ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

/** Of snapshots that were taken since. */
function copiesIn(directory: string, sinceMs = 0): string[] {
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" });
  return names.filter((name) => Number(/-(\d{14})-[^/]*\.rdb$/.exec(name)?.[1] ?? -1) >= sinceMs);
}
