/** Backups as an agent makes, lists, verifies and removes them, with real engines and files. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BackupLabel, type BackupManifest, manifestNameOf, type NodeObserved } from "@larder/api";
import { EngineClients, nativeEngines } from "./fixture/engine-clients.ts";
import { TransferAgent } from "./fixture/transfer-agent.ts";

setDefaultTimeout(60_000);

let agent: TransferAgent;
const clients = new EngineClients();

beforeEach(async () => {
  agent = await TransferAgent.make();
});

afterEach(async () => {
  clients.close();
  await agent.clear();
});

const label: BackupLabel = {
  name: "2026-11-22T00:00:00Z",
  cache: "Shop",
  cacheId: "id",
  sku: { name: "Standard", family: "C", capacity: 1 },
};

async function fill(node: NodeObserved): Promise<void> {
  const client = clients.admin(node);
  await client.mset(Object.fromEntries(Array.from({ length: 2_000 }, (_, at) => [`product:${at}`, `value ${at}`])));
  await client.hset("hash", { one: 1, two: 2 });
  await client.zadd("ranks", 1.5, "a", Number.POSITIVE_INFINITY, "b");
  await client.xadd("stream", "1-1", "field", "value");
  await client.psetex("soon", 3_000, "gone by then");
  await client.setex("later", 10_000, "still there");
  await client.function("LOAD", "#!lua name=shop\nredis.register_function('one', function() return 1 end)");
}

async function backup(node: NodeObserved): Promise<BackupManifest> {
  const { backup: manifest } = await agent.done(agent.backupOf(node, label));
  if (manifest === undefined) throw new Error("no manifest");
  return manifest;
}

function spoil(name: string, change: (bytes: Buffer) => Buffer | string): void {
  const path = join(agent.files, name);
  writeFileSync(path, change(readFileSync(path)));
}

const program = nativeEngines.find(({ has }) => has)?.program ?? "";
const run = test.skipIf(program === "");

for (const engine of nativeEngines)
  test.skipIf(!engine.has)(`${engine.title}: a backup is made, listed, verified and removed`, async () => {
    await agent.start(engine.program);
    const source = await agent.node();
    await fill(source);
    const manifest = await backup(source);
    expect(manifest).toMatchObject({ ...label, keys: [{ database: 0, keys: 2_005 }], functions: 1 });
    expect(manifest.file).toBe("shop/2026-11-22T00-00-00Z.rdb.gz");
    expect(manifest.memoryBytes).toBeGreaterThan(100_000);

    const at = agent.location("");
    const { controller } = agent.agent;
    expect(await controller.files({ orderId: "1", at, kind: "list", cache: null })).toMatchObject({
      error: null,
      backups: [manifest],
    });
    expect((await controller.files({ orderId: "2", at, kind: "list", cache: "other" })).backups).toEqual([]);

    const scratch = await agent.intake();
    expect(await agent.done(agent.verify(scratch, manifest))).toMatchObject({ error: null, keys: 2_005 });

    const names = [manifest.file, manifestNameOf(manifest.file)];
    expect((await controller.files({ orderId: "3", at, kind: "remove", names })).error).toBeNull();
    expect(readdirSync(join(agent.files, "shop")).filter((name) => !name.startsWith("."))).toEqual([]);
  });

run("a file that was changed, and a manifest that is another's, are found", async () => {
  await agent.start(program);
  const source = await agent.node();
  await fill(source);
  const manifest = await backup(source);
  const scratch = await agent.intake();
  const verdict = async (known = manifest) => {
    const verification = agent.verify(scratch, known);
    const { error } = await agent.over(verification);
    // What was filled keeps its node until it is wanted no longer.
    agent.cancel(verification);
    return error?.message;
  };

  const { file } = manifest;
  const whole = readFileSync(join(agent.files, file));
  const flipped = (bytes: Buffer) => {
    const changed = Buffer.from(bytes);
    changed[changed.length >> 1] = (changed[changed.length >> 1] as number) ^ 1;
    return changed;
  };
  spoil(file, flipped);
  expect(await verdict()).toMatch(/2026-11-22T00-00-00Z.rdb.gz/);
  spoil(file, () => whole.subarray(0, whole.length - 100));
  expect(await verdict()).toMatch(/2026-11-22T00-00-00Z.rdb.gz/);
  spoil(file, () => whole);
  expect(await verdict()).toBeUndefined();

  const other = { ...manifest, digest: "0".repeat(32) };
  expect(await verdict(other)).toContain("'digest' is another");
  spoil(manifestNameOf(file), () => JSON.stringify(other));
  expect(await verdict()).toContain("'digest' is another");
  expect(await verdict(other)).toContain("holds has the digest");
});
