/** Imports and exports as an agent carries them out, with real engines and files. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { KeyFilter, NodeObserved } from "@larder/api";
import { EngineClients, nativeEngines } from "./fixture/engine-clients.ts";
import { hasNativeEngine } from "./fixture/native-engine.ts";
import { testSeed } from "./fixture/seed.ts";
import { everything, TransferAgent } from "./fixture/transfer-agent.ts";
import { readEverything, writeEverything, writeMany } from "./fixture/transferred-data.ts";

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

const only = (given: Partial<KeyFilter>): KeyFilter => ({ ...everything, ...given });

describe.each(nativeEngines)("$title", ({ program, has }) => {
  test.skipIf(!has)(`what was exported fills another node (seed ${testSeed})`, async () => {
    await agent.start(program);
    const source = await agent.node();
    await writeEverything(clients.admin(source), testSeed);
    const there = await readEverything(clients.admin(source));
    const exported = await agent.done(agent.exportOf(source, "shop.rdb"));
    expect(exported.files).toMatchObject([{ name: "shop.rdb", bytes: agent.read("shop.rdb").length }]);
    expect(exported.keys).toBe(exported.keysTotal!);

    const byEngine = await agent.intake();
    await clients.admin(byEngine).set("what was there", "goes");
    expect(await agent.done(agent.importInto(byEngine, ["shop.rdb"]))).toMatchObject({
      usedEngineLoader: true,
      keys: exported.keys,
      keysTotal: exported.keys,
      bytes: exported.files[0]!.bytes,
      bytesTotal: exported.files[0]!.bytes,
      caveats: [],
    });
    expect(await readEverything(clients.admin(byEngine))).toEqual(there);
    expect(agent.observed(byEngine)?.replication).toMatchObject({ role: "detached", epoch: 0, copiedEpoch: 0 });

    const byKey = await agent.intake();
    // The first file ends in a database that the second one does not begin with.
    const files = [5, 0].map((database) => `${database}.rdb.gz`);
    for (const [index, database] of [5, 0].entries())
      await agent.done(agent.exportOf(source, files[index]!, { gzip: true, filter: only({ databases: [database] }) }));
    expect(await agent.done(agent.importInto(byKey, files))).toMatchObject({ usedEngineLoader: false, keysSkipped: 0 });
    expect(await readEverything(clients.admin(byKey))).toEqual(there);
  });
});

const samples = new URL("rdb/samples/", import.meta.url).pathname;

/** Of all databases. */
async function countKeys(node: NodeObserved): Promise<number> {
  const counts = (await clients.admin(node).info("keyspace")).matchAll(/keys=(\d+)/g);
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

/** The keys of a sample's first database, by their types. */
async function typesIn(node: NodeObserved): Promise<Record<string, string>> {
  const client = clients.admin(node);
  const keys = (await client.keys("*")).sort();
  return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await client.type(key)] as const)));
}

describe.each(nativeEngines)("$title takes files of other engines", ({ program, has }) => {
  test.skipIf(!has)("as they are or by commands, into an empty node and among others' keys", async () => {
    await agent.start(program);
    const source = await agent.node();
    for (const name of ["redis-6.0.16", "redis-8.0.2", "valkey-9.1.2"]) {
      copyFileSync(join(samples, `${name}.rdb`), agent.path(`${name}.rdb`));
      const intake = await agent.intake();
      const filled = await agent.done(agent.importInto(intake, [`${name}.rdb`]));
      expect(filled).toMatchObject({ usedEngineLoader: name === "redis-6.0.16", keysSkipped: 0 });
      const isTimed = name !== "redis-6.0.16";
      expect(filled.caveats).toEqual(isTimed ? [expect.stringContaining("fields of hashes stay")] : []);
      const there = await typesIn(intake);
      expect(await countKeys(intake)).toBe(filled.keys);
      await clients.admin(source).flushall();
      await clients.admin(source).set("timed", "of a client");
      const keep = { mode: "merge", existing: "keep" } as const;
      expect(await agent.done(agent.importInto(source, [`${name}.rdb`], keep))).toMatchObject({ keysSkipped: 1 });
      expect(await typesIn(source)).toEqual({ ...there, timed: "string" });
      await agent.done(agent.importInto(source, [`${name}.rdb`], { mode: "merge", existing: "replace" }));
      expect(await typesIn(source)).toEqual(there);
      expect(await clients.admin(source).hgetall("timed")).toEqual(await clients.admin(intake).hgetall("timed"));
      const pexpiretime = (node: NodeObserved) => clients.admin(node).pexpiretime("expires");
      expect(await pexpiretime(source)).toBe(await pexpiretime(intake));
    }
  });
});

test("an embedded node is filled key by key, and says plainly that it cannot be exported", async () => {
  await agent.start();
  copyFileSync(join(samples, "redis-6.0.16.rdb"), agent.path("shop.rdb"));
  const intake = await agent.node({ engine: "embedded", isIntake: true });
  const filled = await agent.done(agent.importInto(intake, ["shop.rdb"]));
  expect(filled).toMatchObject({ usedEngineLoader: false, caveats: [] });
  expect(await countKeys(intake)).toBe(filled.keys);
  expect((await agent.failed(agent.exportOf(intake, "out.rdb"))).error?.code).toBe("NotSupported");
});

describe.skipIf(!hasNativeEngine)("a node", () => {
  let source: NodeObserved;

  beforeEach(async () => {
    await agent.start();
    source = await agent.node();
  });

  test("is exported and filled by prefix and type, and in an older version", async () => {
    const client = clients.admin(source);
    await client.mset({ "user:1": "one", "user:2": "two", "cart:1": "three" });
    await client.rpush("user:list", "a", "b");
    await client.set("user:brief", "x", "PX", 1);
    await agent.done(agent.exportOf(source, "all.rdb", { rdbVersion: 9 }));
    expect(agent.read("all.rdb").toString("latin1", 0, 9)).toBe("REDIS0009");
    const filter = only({ prefixes: ["user:"], types: ["string"] });
    const exported = await agent.done(agent.exportOf(source, "some.rdb.gz", { gzip: true, filter }));
    expect(exported.keys).toBe(2);
    expect(gunzipSync(agent.read("some.rdb.gz")).toString("latin1", 0, 5)).toBe("REDIS");
    for (const [file, chosen] of [
      ["all.rdb", filter],
      ["some.rdb.gz", everything],
    ] as const) {
      const intake = await agent.intake();
      await agent.done(agent.importInto(intake, [file], { filter: chosen }));
      expect((await clients.admin(intake).keys("*")).sort()).toEqual(["user:1", "user:2"]);
    }
  });

  test("takes files among its keys, which stay or are replaced", async () => {
    const client = clients.admin(source);
    await client.mset({ a: "file", b: "file" });
    await client.hset("h", { f: "file" });
    await agent.done(agent.exportOf(source, "ab.rdb"));
    await client.flushall();
    await client.mset({ a: "mine", c: "mine" });
    const kept = await agent.done(agent.importInto(source, ["ab.rdb"], { mode: "merge", existing: "keep" }));
    expect(kept).toMatchObject({ keys: 2, keysSkipped: 1, caveats: [expect.stringContaining("stays when")] });
    expect(await client.mget("a", "b", "c")).toEqual(["mine", "file", "mine"]);
    expect(
      await agent.done(agent.importInto(source, ["ab.rdb"], { mode: "merge", existing: "replace" })),
    ).toMatchObject({
      keys: 3,
      keysSkipped: 0,
    });
    expect(await client.mget("a", "b", "c")).toEqual(["file", "file", "mine"]);
  });

  test("leaves out databases that it does not have, and says so", async () => {
    const client = clients.admin(source);
    await client.set("here", "1");
    await client.select(7);
    await client.set("above", "1");
    await agent.done(agent.exportOf(source, "seven.rdb"));
    const intake = await agent.intake({ databases: 4 });
    const imported = await agent.done(agent.importInto(intake, ["seven.rdb"]));
    expect(imported).toMatchObject({ keys: 1, keysSkipped: 1, usedEngineLoader: false });
    expect(imported.caveats).toEqual([expect.stringContaining("1 keys of databases above 3")]);
    expect(await clients.admin(intake).keys("*")).toEqual(["here"]);
  });

  test("is not filled with more than fits, by whichever loader", async () => {
    await writeMany(clients.admin(source), 60_000, "x".repeat(300));
    await agent.done(agent.exportOf(source, "large.rdb"));
    for (const filter of [everything, only({ databases: [0] })]) {
      const intake = await agent.intake({ memoryBytesMax: 16 * 2 ** 20, maxmemoryPolicy: "allkeys-lru" });
      const { error } = await agent.failed(agent.importInto(intake, ["large.rdb"], { filter }));
      expect(error?.code).toBe("OutOfMemory");
      expect(error?.message).toMatch(/It has 16 MB, and \d+ MB were in use/);
      expect(await clients.admin(intake).info("stats")).toContain("evicted_keys:0");
    }
  });

  describe("refuses what is no whole RDB, and names the file and the place", () => {
    const flip = (bytes: Buffer, at: number) => {
      bytes[at] = bytes[at]! ^ 0x10;
      return bytes;
    };
    const damages: [string, (bytes: Buffer) => Buffer | Uint8Array, RegExp][] = [
      ["cut", (bytes) => bytes.subarray(0, bytes.length / 2), /'bad.rdb': The bytes end .* at offset \d+/],
      ["without its end", (bytes) => bytes.subarray(0, -4), /'bad.rdb': The bytes end .* at offset \d+/],
      [
        "with a checksum that is wrong",
        (bytes) => flip(bytes, bytes.length - 1),
        /'bad.rdb': The checksum .* at offset \d+/,
      ],
      ["with another value", (bytes) => flip(bytes, bytes.length - 40), /'bad.rdb'.* offset \d+/],
      ["with more behind it", (bytes) => Buffer.concat([bytes, Buffer.from("x")]), /'bad.rdb': Bytes behind .* \d+/],
      ["of another kind", () => Buffer.from("SQLite format 3\0"), /'bad.rdb'.* offset 0/],
      ["that is empty", () => Buffer.alloc(0), /'bad.rdb': .* offset 0/],
      [
        "compressed, and cut",
        (bytes) => gzipSync(bytes).subarray(0, -20),
        /'bad.rdb': what is compressed ends too early/,
      ],
      ["compressed, and damaged", (bytes) => flip(gzipSync(bytes), 400), /'bad.rdb'/],
    ];

    test("in an intake node and in a primary", async () => {
      const client = clients.admin(source);
      await writeEverything(client, testSeed);
      await agent.done(agent.exportOf(source, "good.rdb"));
      const size = await client.dbsize();
      const intake = await agent.intake();
      for (const [title, damage, message] of damages) {
        writeFileSync(agent.path("bad.rdb"), damage(agent.read("good.rdb")));
        const filled = await agent.failed(agent.importInto(intake, ["bad.rdb"]));
        expect({ title, error: filled.error }).toEqual({
          title,
          error: { code: "BadFile", message: expect.stringMatching(message) },
        });
        const merged = agent.importInto(source, ["good.rdb", "bad.rdb"], { mode: "merge", existing: "replace" });
        expect((await agent.failed(merged)).error?.code).toBe("BadFile");
      }
      expect(await client.dbsize()).toBe(size);
      writeFileSync(agent.path("padded.rdb"), Buffer.concat([agent.read("good.rdb"), Buffer.alloc(512)]));
      await agent.done(agent.importInto(intake, ["padded.rdb"]));
      expect(await readEverything(clients.admin(intake))).toEqual(await readEverything(client));
    });
  });

  test("is neither filled from nor exported to where the operator has not allowed it", async () => {
    const intake = await agent.intake();
    const outside = { url: "file:///etc/passwd", credentials: null };
    const imported = await agent.failed(agent.importInto(intake, [], { files: [outside] }));
    expect(imported.error?.code).toBe("StorageNotAllowed");
    expect((await agent.failed(agent.importInto(intake, ["missing.rdb"]))).error).toEqual({
      code: "StorageNotFound",
      message: expect.stringContaining("missing.rdb"),
    });
    const to = { url: "file:///etc", credentials: null };
    expect((await agent.failed(agent.exportOf(source, "shop.rdb", { to }))).error?.code).toBe("StorageNotAllowed");
    writeFileSync(agent.path("a-file"), "");
    const onFile = agent.exportOf(source, "shop.rdb", { to: agent.location("a-file") });
    expect((await agent.failed(onFile)).error?.code).toStartWith("Storage");
  });
});
