/** Data comes into a cache under load: nobody notices but by the data, which is replaced at one moment, or not at all. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TransferResource } from "@larder/api";
import type { Redis } from "ioredis";
import { CacheAccess } from "../fixture/cache-access.ts";
import { GatedBlob } from "../fixture/gated-blob.ts";
import { hasValkey } from "../fixture/native-engine.ts";
import { killDaemon } from "../fixture/processes.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { until } from "../fixture/until.ts";

const standard = { sku: { name: "Standard", family: "C", capacity: 0 } } as const;
const keysImported = 20_000;
const readers = 8;

let service: TestService;
let blob: GatedBlob | undefined;
/** In it `age` is "new". */
let file: string;

describe.skipIf(!hasValkey)("an import", () => {
  beforeAll(async () => {
    service = await startService({ engine: "native", hosts: 2 });
    const cache = await newCache("origin", {});
    const writer = await cache.ioredis();
    await writer.mset(Object.fromEntries(Array.from({ length: keysImported }, (_, index) => [`new:${index}`, index])));
    await writer.set("age", "new");
    file = join(service.dataDir, "files/out/shop.rdb");
    expect(
      await moved("origin", "export", { container: `file://${service.dataDir}/files/out`, prefix: "shop" }),
    ).toEqual(expect.objectContaining({ status: "succeeded" }));
    cache.close();
  }, 60_000);
  afterEach(() => blob?.stop());
  afterAll(() => service?.stop(), 30_000);

  test.each([
    ["alone", {}],
    ["with-replica", standard],
  ])(
    "into a cache %s replaces its data at one moment",
    async (name, properties) => {
      const cache = await oldCache(name, properties);
      const load = await AgeReaders.at(cache);
      const imported = await moved(name, "import", { files: [`file://${file}`] });
      expect(imported).toMatchObject({ status: "succeeded", error: null });
      await load.until("new");
      expect(await load.stop()).toEqual({ errors: [], wentBack: 0 });
      const reader = await cache.ioredis();
      expect(await reader.dbsize()).toBe(keysImported + 2);
      expect(await reader.get("new:777")).toBe("777");
      const replicas = properties === standard ? 1 : 0;
      await until("it has as many nodes as before", async () => {
        const { nodes } = (await service.client.getCache(at(name))).properties.larder;
        return nodes.length === 1 + replicas && nodes.filter(({ inSync }) => inSync).length === replicas;
      });
      const [event] = (await service.client.listEvents(at(name), 10)).filter(({ kind }) => kind === "import");
      expect(event).toMatchObject({ cause: "asked for", holdMs: expect.any(Number) });
      cache.close();
    },
    60_000,
  );

  test.each([
    ["cut off", (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    [
      "damaged",
      (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 4_000), Buffer.alloc(200, 0xff), bytes.subarray(4_200)]),
    ],
  ])(
    "of a file that is %s leaves the cache as it was",
    async (what, damage) => {
      const name = `old-${what.replace(" ", "-")}`;
      const cache = await oldCache(name, {});
      const load = await AgeReaders.at(cache);
      const path = join(service.dataDir, `files/out/${name}.rdb`);
      writeFileSync(path, damage(readFileSync(file)));
      const failed = await moved(name, "import", { files: [`file://${path}`] });
      expect(failed).toMatchObject({ status: "failed", error: { message: expect.stringContaining(`${name}.rdb`) } });
      expect(await load.stop()).toEqual({ errors: [], wentBack: 0 });
      await requireOld(name, cache);
    },
    60_000,
  );

  test("that is cancelled leaves the cache as it was", async () => {
    const cache = await oldCache("cancelled", {});
    blob = new GatedBlob(readFileSync(file));
    const id = await service.client.beginTransfer(at("cancelled"), "import", { files: [blob.url] });
    await until("it runs", async () => (await transferOf("cancelled", id)).status === "running");
    await service.client.askTransfer(at("cancelled"), id, "cancel");
    await requireOld("cancelled", cache);
  }, 60_000);

  test("goes on when the controller is killed in the middle", async () => {
    const cache = await oldCache("interrupted", standard);
    const load = await AgeReaders.at(cache);
    blob = new GatedBlob(readFileSync(file));
    const id = await service.client.beginTransfer(at("interrupted"), "import", { files: [blob.url] });
    await until("it runs", async () => (await transferOf("interrupted", id)).status === "running");
    await killDaemon(service, "controller");
    blob.open();
    await until("it is over", async () => (await transferOf("interrupted", id)).endedAt !== null, 30_000);
    expect(await transferOf("interrupted", id)).toMatchObject({ status: "succeeded" });
    await load.until("new");
    expect(await load.stop()).toEqual({ errors: [], wentBack: 0 });
    cache.close();
  }, 60_000);

  async function requireOld(name: string, cache: CacheAccess): Promise<void> {
    const reader = await cache.ioredis();
    expect([await reader.get("age"), await reader.dbsize()]).toEqual(["old", 2]);
    const { nodes } = (await service.client.getCache(at(name))).properties.larder;
    expect(nodes.length).toBe(1);
    cache.close();
  }
});

const at = (name: string) => ({ resourceGroup: service.connection.resourceGroup, name });
const transferOf = (name: string, id: string) => service.client.getTransfer(at(name), id);

async function newCache(name: string, properties: object): Promise<CacheAccess> {
  return CacheAccess.of(service, await service.createCache(name, properties));
}

/** Two keys are in it, and `age` is "old". */
async function oldCache(name: string, properties: object): Promise<CacheAccess> {
  const cache = await newCache(name, properties);
  await (await cache.ioredis()).mset({ age: "old", other: "old" });
  return cache;
}

/** Resolves with it when it is over. */
async function moved(name: string, action: "import" | "export", body: unknown): Promise<TransferResource> {
  const id = await service.client.beginTransfer(at(name), action, body);
  await until("it is over", async () => (await transferOf(name, id)).endedAt !== null, 30_000);
  return transferOf(name, id);
}

/** Clients that read `age` all the time, and write: once it is new it is never old again. */
class AgeReaders {
  readonly #clients: Redis[];
  readonly #ages: string[];
  readonly #outcome = { errors: [] as string[], wentBack: 0 };
  readonly #running: Promise<unknown>;
  #isStopping = false;

  private constructor(clients: Redis[]) {
    this.#clients = clients;
    this.#ages = clients.map(() => "");
    this.#running = Promise.all(clients.map((client, index) => this.#read(client, index)));
  }

  static async at(cache: CacheAccess): Promise<AgeReaders> {
    const load = new AgeReaders(await Promise.all(Array.from({ length: readers }, () => cache.ioredis())));
    await load.until("old");
    return load;
  }

  until(age: string): Promise<void> {
    return until(`everybody reads ${age}`, () => this.#ages.every((one) => one === age));
  }

  async stop() {
    this.#isStopping = true;
    await this.#running;
    for (const client of this.#clients) client.disconnect();
    return this.#outcome;
  }

  async #read(client: Redis, index: number): Promise<void> {
    try {
      while (!this.#isStopping) {
        const [[, age] = []] = (await client.multi().get("age").set("other", index).exec()) ?? [];
        if (age === "old" && this.#ages[index] === "new") this.#outcome.wentBack++;
        this.#ages[index] = String(age);
      }
    } catch (error) {
      this.#outcome.errors.push(String(error));
    }
  }
}
