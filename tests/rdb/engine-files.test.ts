/**
 * The files of real engines: every key that an engine has is in its file, with the payload that its DUMP gives; and what
 * is made of the file's bytes it restores.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dumpPayload, hasFeature, RdbReader, rdbVersionOf } from "@larder/rdb";
import { RdbEngine, rdbEngineKinds } from "../fixture/rdb-engines.ts";
import { randomFrom, testSeed } from "../fixture/seed.ts";
import { setBounds, valueRecipes } from "../fixture/value-recipes.ts";

interface Stored {
  payload: Buffer;
  expiresAtMs: number | null;
  frequency: number | null;
  idleSeconds: number | null;
}

interface StoredFile {
  version: number;
  /** By database and key. */
  entries: Map<string, Stored>;
  libraries: string[];
  /** By database: how many keys, and how many that expire. */
  sizes: Map<number, [number, number]>;
  checksum: string;
}

/** In chunks of any size, as a stream brings them. */
function readFile(path: string, random: (below: number) => number): StoredFile {
  const bytes = readFileSync(path);
  const reader = new RdbReader();
  const file: StoredFile = { version: 0, entries: new Map(), libraries: [], sizes: new Map(), checksum: "" };
  let database = 0;
  const drain = () => {
    for (let item = reader.next(); item !== null; item = reader.next()) {
      if (item.type === "header") file.version = item.version;
      else if (item.type === "database") database = item.index;
      else if (item.type === "resize") file.sizes.set(database, [item.keys, item.expires]);
      else if (item.type === "function") file.libraries.push(Buffer.from(item.code).toString());
      else if (item.type === "end") file.checksum = item.checksum;
      else if (item.type === "entry") {
        const { expiresAtMs, frequency, idleSeconds } = item;
        const payload = Buffer.from(dumpPayload(item, file.version));
        const name = `${item.database}/${Buffer.from(item.key).toString("latin1")}`;
        file.entries.set(name, { payload, expiresAtMs, frequency, idleSeconds });
      }
    }
  };
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + random(3_000);
    reader.push(bytes.subarray(at, end));
    at = end;
    drain();
  }
  reader.end();
  drain();
  return file;
}

const library = `#!lua name=numbers
redis.register_function('seven', function() return 7 end)
-- ${"something that compresses well ".repeat(10)}`;

describe.each(rdbEngineKinds.filter(({ hasFiles }) => hasFiles))("$title", (kind) => {
  const starting = RdbEngine.start(kind);
  afterAll(async () => (await starting).stop());

  test(`has in its file what it dumps, and restores it (seed ${testSeed})`, async () => {
    const engine = await starting;
    const random = randomFrom(testSeed);
    await setBounds(engine);
    const recipes = valueRecipes(random, hasFeature(engine.target, "field expiry"));
    for (const commands of recipes.values()) await engine.run(commands);
    const hasFunctions = hasFeature(engine.target, "functions");
    if (hasFunctions) await engine.run([["FUNCTION", "LOAD", library]]);
    await engine.run([
      ["SELECT", "9"],
      ["SET", "12345", "a number as its key"],
      ["SELECT", "0"],
    ]);
    await engine.run([
      ["SET", "k".repeat(300), "a key that compresses"],
      ["DEL", "k".repeat(299)],
    ]);
    const keys = [...recipes.keys(), "k".repeat(300)];

    await engine.run([["SAVE"]]);
    const file = readFile(join(engine.directory, "dump.rdb"), random);

    expect(file.version).toBe(rdbVersionOf(engine.target));
    expect(file.checksum).toBe("verified");
    expect(file.libraries).toEqual(hasFunctions ? [library] : []);
    expect([...file.entries.keys()].sort()).toEqual([...keys.map((key) => `0/${key}`), "9/12345"].sort());
    const expiring = [...file.entries.values()].filter(({ expiresAtMs }) => expiresAtMs !== null).length;
    expect(file.sizes.get(0)).toEqual([keys.length, expiring]);
    for (const key of keys) {
      const { payload, expiresAtMs } = file.entries.get(`0/${key}`) as Stored;
      expect({ key, payload }).toEqual({ key, payload: (await engine.ask("DUMP", key)) as Buffer });
      const setTo = recipes.get(key)?.find(([name]) => name === "PEXPIREAT")?.[2];
      expect({ key, expiresAtMs }).toEqual({ key, expiresAtMs: setTo === undefined ? null : Number(setTo) });
    }
    await engine.run([["FLUSHALL"]]);
    for (const key of keys) {
      const { payload } = file.entries.get(`0/${key}`) as Stored;
      await engine.run([["RESTORE", key, "0", payload]]);
    }
    expect(await engine.ask("DBSIZE")).toBe(keys.length);
  }, 60_000);

  test("says how much a key is used", async () => {
    const engine = await starting;
    const path = join(engine.directory, "dump.rdb");
    const random = randomFrom(testSeed);
    const savedUnder = async (policy: string) => {
      await engine.run([["FLUSHALL"], ["CONFIG", "SET", "maxmemory-policy", policy], ["SET", "k", "v"], ["SAVE"]]);
      return readFile(path, random).entries.get("0/k") as Stored;
    };
    const recently = await savedUnder("allkeys-lru");
    expect(recently.idleSeconds).toBeLessThan(60);
    expect(recently.frequency).toBeNull();
    expect(await savedUnder("allkeys-lfu")).toMatchObject({ idleSeconds: null, frequency: 5 });
    await engine.run([["CONFIG", "SET", "rdbcompression", "no"], ["SAVE"]]);
    expect(readFile(path, random).entries.size).toBe(1);
  }, 20_000);
});
