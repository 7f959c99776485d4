/** Disks that are full where data is exported to, where snapshots are kept, and where append-only files are. */
import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { NodeObserved, PersistenceSpec } from "@larder/api";
import { CacheAccess } from "../fixture/cache-access.ts";
import { EngineClients } from "../fixture/engine-clients.ts";
import { longTest } from "../fixture/long-test.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { SmallDisk } from "../fixture/small-disk.ts";
import { nodeSpec, TestAgent } from "../fixture/test-agent.ts";
import { writeMany } from "../fixture/transferred-data.ts";
import { until } from "../fixture/until.ts";

setDefaultTimeout(60_000);

const mebibyte = 2 ** 20;
const probe = SmallDisk.mount(mebibyte);
await probe?.unmount();
const clients = new EngineClients();
let disk: SmallDisk;
let agent: TestAgent | undefined;
let service: TestService | undefined;

afterEach(async () => {
  clients.close();
  await Promise.all([agent?.clear(), service?.stop()]);
  agent = service = undefined;
  await disk.unmount();
});

describe.skipIf(!hasValkey || probe === null)("a full disk", () => {
  test("where an export goes: the file before stays, nothing else is left, and the cache has its data", async () => {
    disk = SmallDisk.mount(4 * mebibyte) as SmallDisk;
    mkdirSync(join(disk.path, "out"));
    const started = await startService({ engine: "native", args: ["--storage-root", disk.path] });
    service = started;
    const cache = await CacheAccess.of(started, await started.createCache("full"));
    const client = await cache.ioredis();
    const at = { resourceGroup: started.connection.resourceGroup, name: "full" };
    const over = async () => {
      const id = await started.client.beginTransfer(at, "export", {
        container: `file://${disk.path}/out`,
        prefix: "shop",
      });
      await until("it is over", async () => (await started.client.getTransfer(at, id)).endedAt !== null, 30_000);
      return started.client.getTransfer(at, id);
    };
    await client.set("age", "old");
    expect(await over()).toMatchObject({ status: "succeeded" });
    const files = readdirSync(join(disk.path, "out"));
    const before = readFileSync(join(disk.path, "out/shop.rdb"));
    await writeMany(
      client,
      2_000,
      "v".repeat(2_000).replace(/v/g, () => Math.random().toString(36).slice(2, 3)),
    );
    for (const freeBytes of [2 * mebibyte, 8_192, 0]) {
      disk.fill(freeBytes);
      expect(await over()).toMatchObject({
        status: "failed",
        error: { code: "StorageFull", message: expect.stringContaining("'shop.rdb'") },
      });
      disk.empty();
      expect(readdirSync(join(disk.path, "out"))).toEqual(files);
      expect(before.equals(readFileSync(join(disk.path, "out/shop.rdb")))).toBe(true);
    }
    expect([await client.get("age"), await client.dbsize()]).toEqual(["old", 2_001]);
    cache.close();
  });

  const kept = (given: Partial<PersistenceSpec>): PersistenceSpec => ({
    sinceMs: Date.now(),
    snapshotEveryMs: null,
    snapshotsMax: 2,
    hasAof: false,
    copyTo: null,
    takesCopy: false,
    aofCopyEveryMs: null,
    ...given,
  });

  /** An agent whose whole folder is on the disk, and a node of it. */
  async function keptNode(persistence: PersistenceSpec) {
    disk = SmallDisk.mount(24 * mebibyte) as SmallDisk;
    const { TMPDIR: before } = process.env;
    process.env.TMPDIR = disk.path;
    const started = new TestAgent();
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    agent = started;
    started.controller.start();
    await started.start();
    const spec = nodeSpec({ persistence });
    started.controller.want(spec);
    return { started, spec, node: await started.controller.running(spec) };
  }

  const folderOf = (started: TestAgent, { nodeId }: NodeObserved) => join(started.nodesDirectory, nodeId);

  longTest(
    "where snapshots are: the one before stays whole, it is said, and the next one is taken when there is room",
    async () => {
      const { started, spec, node } = await keptNode(kept({ snapshotEveryMs: 500 }));
      const observed = started.controller.observedWhen.bind(started.controller);
      const client = clients.admin(node);
      await client.set("age", "old");
      const first = await observed(spec, ({ persistence }) => (persistence?.lastSnapshot ?? null) !== null);
      disk.fill();
      await client.set("blob", Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))));
      const told = await observed(spec, ({ persistence }) => (persistence?.problem ?? null) !== null);
      expect(told.persistence?.lastSnapshot).not.toBeNull();
      disk.empty();
      await observed(
        spec,
        ({ persistence }) =>
          persistence?.problem === null &&
          (persistence.lastSnapshot?.endedAtMs ?? 0) > (first.persistence?.lastSnapshot?.endedAtMs ?? 0),
      );
      const files = readdirSync(folderOf(started, node), { recursive: true }).map(String);
      expect(files.filter((name) => /temp|\.part|\.tmp/.test(name))).toEqual([]);
      expect(await client.get("age")).toBe("old");
    },
  );

  test("where append-only files are: nothing that was acknowledged is lost, and writes go on when there is room", async () => {
    const { started, spec, node } = await keptNode(kept({ hasAof: true }));
    const observed = started.controller.observedWhen.bind(started.controller);
    await observed(spec, ({ persistence }) => persistence?.hasAof === true);
    const client = clients.admin(node);
    disk.fill();
    let acknowledged = 0;
    const write = async () => {
      await client.set(`key:${acknowledged}`, "x".repeat(1_000));
      acknowledged++;
    };
    await until("it refuses writes", () =>
      write().then(
        () => false,
        () => true,
      ),
    );
    expect(await client.get("key:0")).not.toBeNull();
    await observed(spec, ({ persistence }) => (persistence?.problem ?? null) !== null);
    disk.empty();
    await until("it takes writes again", () =>
      write().then(
        () => true,
        () => false,
      ),
    );
    await observed(spec, ({ persistence }) => persistence?.problem === null);
    // An engine whose disk is busy may keep what it acknowledged to itself for a moment.
    await until("all is in the file", async () => (await client.info("persistence")).includes("aof_buffer_length:0"));
    process.kill(node.pid as number, "SIGKILL");
    const again = await observed(spec, ({ state, runId }) => state === "running" && runId !== node.runId);
    const keys = Array.from({ length: acknowledged }, (_, index) => `key:${index}`);
    expect(await clients.admin(again).exists(...keys)).toBe(acknowledged);
  });
});
