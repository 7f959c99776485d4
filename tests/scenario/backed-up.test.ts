/** Backups of a running service: made under load, restored, verified, and found again by a service that knows nothing of them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type BackupResource,
  manifestNameOf,
  type Sku,
  type StorageLocation,
  type TransferResource,
} from "@larder/api";
import { type Azurite, startAzurite } from "../fixture/azurite.ts";
import { CacheAccess } from "../fixture/cache-access.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { killDaemon } from "../fixture/processes.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { until } from "../fixture/until.ts";

const keys = 5_000;
const at = (name: string) => ({ resourceGroup: service.connection.resourceGroup, name });

let service: TestService;
let azurite: Azurite;
let folder: string;
let directory: StorageLocation;
let container: StorageLocation;

describe.skipIf(!hasValkey)("a backup", () => {
  beforeAll(async () => {
    [service, azurite] = await Promise.all([startService({ engine: "native" }), startAzurite()]);
    folder = join(service.dataDir, "files/backups");
    directory = { url: `file://${folder}`, credentials: null };
    await azurite.createContainer("backups");
    const credentials = { kind: "azure", connectionString: azurite.connectionString() } as const;
    container = { url: "azure://backups", credentials };
    await filled("shop");
  }, 60_000);
  afterAll(async () => {
    await Promise.all([service?.stop(), azurite?.stop()]);
  }, 30_000);

  test("under load is whole, and goes back into its cache and into a new one", async () => {
    const cache = await access("shop");
    const writer = await cache.ioredis();
    let isWriting = true;
    let written = 0;
    const writing = (async () => {
      while (isWriting) await writer.set("written", ++written);
    })();
    const backup = await made("shop", directory);
    isWriting = false;
    await writing;
    expect(backup.manifest?.keys.reduce((sum, one) => sum + one.keys, 0)).toBeGreaterThanOrEqual(keys);
    await writer.flushall();
    await service.createCache("shop2");
    for (const name of ["shop", "shop2"]) {
      expect(await carriedOut("shop", backup.name, "restore", name)).toMatchObject({ status: "succeeded" });
      expect(await readKey(name, "key:777")).toBe("value 777");
    }
    const restored = Number(await readKey("shop", "written"));
    expect(restored).toBeLessThanOrEqual(written);
    cache.close();
  }, 60_000);

  test("is verified on a node of its own; a flipped bit and another's manifest are found", async () => {
    const backup = await made("shop", directory);
    const file = join(folder, backup.manifest!.file);
    const manifest = join(folder, manifestNameOf(backup.manifest!.file));
    const verdict = async () => {
      const { status, error } = await carriedOut("shop", backup.name, "verify");
      await until("it is kept", async () => {
        const { verified } = await service.client.backups.get(at("shop"), backup.name);
        return verified?.isGood === (status === "succeeded");
      });
      return error?.message ?? null;
    };
    expect(await verdict()).toBeNull();
    const { nodes } = (await service.client.getCache(at("shop"))).properties.larder;
    expect(nodes).toHaveLength(1);

    const whole = readFileSync(file);
    const flipped = Buffer.from(whole);
    flipped[flipped.length >> 1]! ^= 1;
    writeFileSync(file, flipped);
    expect(await verdict()).toContain(".rdb.gz");
    writeFileSync(file, whole);
    const text = readFileSync(manifest, "utf8");
    writeFileSync(manifest, text.replace(/"digest": "[0-9a-f]{32}"/, `"digest": "${"0".repeat(32)}"`));
    expect(await verdict()).toContain("'digest' is another");
    writeFileSync(manifest, text);
    expect(await verdict()).toBeNull();
    expect(await readKey("shop", "key:777")).toBe("value 777");
  }, 60_000);

  test("of a schedule is made at once, in Azure's storage, and goes with its files", async () => {
    const { client } = service;
    await client.backups.setPolicy(at("shop"), { location: container, everyMinutes: 60, keep: 1 });
    const bySchedule = async () =>
      (await client.backups.list(at("shop"))).find(({ cause, state }) => cause === "schedule" && state === "made");
    await until("the first is made", async () => (await bySchedule()) !== undefined);
    const scheduled = (await bySchedule())!;
    expect(await client.backups.findIn(container, undefined)).toMatchObject([{ manifest: { name: scheduled.name } }]);
    expect(await carriedOut("shop", scheduled.name, "verify")).toMatchObject({ status: "succeeded" });
    await client.backups.setPolicy(at("shop"), null);
    await client.backups.remove(at("shop"), scheduled.name);
    await until("it is gone", async () => (await client.backups.findIn(container, undefined)).length === 0);
  }, 60_000);

  test("while its storage is away fails and leaves nothing; later one is made again", async () => {
    const before = readdirSync(join(folder, "shop")).length;
    renameSync(folder, `${folder}-away`);
    writeFileSync(folder, "no folder");
    const failed = await ended("shop", await service.client.backups.make(at("shop"), directory));
    expect(failed).toMatchObject({ state: "failed", error: { message: expect.any(String) } });
    renameSync(folder, `${folder}-gone`);
    renameSync(`${folder}-away`, folder);
    expect(readdirSync(join(folder, "shop"))).toHaveLength(before);
    await made("shop", directory);
  }, 60_000);

  test("goes on when the controller is killed in the middle", async () => {
    const backup = await service.client.backups.make(at("shop"), directory);
    await killDaemon(service, "controller");
    await until("the controller is back", async () => (await service.client.listCaches()).length > 0);
    expect(await ended("shop", backup)).toMatchObject({ state: "made" });
  }, 60_000);

  test("of a cache that is gone is found in its storage, and restored from there", async () => {
    await filled("lost");
    const backup = await made("lost", container);
    await service.client.deleteCache(at("lost"));
    const [found] = await service.client.backups.findIn(container, "lost");
    expect(found?.manifest).toEqual(backup.manifest!);
    await service.createCache("again", { sku: found!.manifest.sku as Sku });
    expect(await carriedOut("lost", backup.name, "restore", "again", container)).toMatchObject({ status: "succeeded" });
    expect(await readKey("again", "key:777")).toBe("value 777");
  }, 60_000);
});

async function access(name: string): Promise<CacheAccess> {
  return CacheAccess.of(service, await service.client.getCache(at(name)));
}

async function filled(name: string): Promise<void> {
  await service.createCache(name);
  const cache = await access(name);
  const writer = await cache.ioredis();
  await writer.mset(Object.fromEntries(Array.from({ length: keys }, (_, index) => [`key:${index}`, `value ${index}`])));
  await writer.hset("hash", { one: 1 });
  await writer.setex("soon", 1, "expires");
  cache.close();
}

async function made(name: string, to: StorageLocation): Promise<BackupResource> {
  const backup = await ended(name, await service.client.backups.make(at(name), to));
  expect(backup).toMatchObject({ state: "made", error: null });
  return backup;
}

async function ended(name: string, { name: backup }: BackupResource): Promise<BackupResource> {
  let now: BackupResource | undefined;
  await until("the backup has ended", async () => {
    now = await service.client.backups.get(at(name), backup);
    return now.state !== "making";
  });
  return now!;
}

async function carriedOut(
  name: string,
  backup: string,
  action: "restore" | "verify",
  target = name,
  from?: StorageLocation,
): Promise<TransferResource> {
  const body = action === "verify" ? {} : { target, ...(from === undefined ? {} : { from }) };
  const id = await service.client.backups.ask(at(name), backup, action, body);
  let transfer: TransferResource | undefined;
  await until(`the ${action} is over`, async () => {
    transfer = await service.client.getTransfer(at(target), id);
    return transfer.endedAt !== null;
  });
  return transfer!;
}

async function readKey(name: string, key: string): Promise<string | null> {
  const cache = await access(name);
  try {
    return await (await cache.ioredis()).get(key);
  } finally {
    cache.close();
  }
}
