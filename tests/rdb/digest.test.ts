/** The digest of a dataset: the same of an engine's file, of what another engine writes that has loaded it, and of it rewritten. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { DatasetDigest, defaultRdbLimits, hasFeature, readRdb } from "@larder/rdb";
import { RdbEngine, rdbEngineKinds } from "../fixture/rdb-engines.ts";
import { randomFrom, testSeed } from "../fixture/seed.ts";
import { setBounds, valueRecipes } from "../fixture/value-recipes.ts";

const kinds = rdbEngineKinds.filter(({ hasFiles }) => hasFiles).slice(0, 2);
const engines = new Map<string, RdbEngine>();
const sinceMs = 1_700_000_000_000;
const library = "#!lua name=larder\nredis.register_function('one', function() return 1 end)";

beforeAll(async () => {
  for (const engine of await Promise.all(kinds.map((kind) => RdbEngine.start(kind)))) {
    await setBounds(engine);
    engines.set(engine.kind.title, engine);
  }
}, 20_000);

afterAll(async () => {
  await Promise.all([...engines.values()].map((engine) => engine.stop()));
});

async function digestOf(file: Uint8Array, valueBytesMax = defaultRdbLimits.valueBytesMax): Promise<DatasetDigest> {
  const digest = new DatasetDigest(sinceMs);
  async function* chunks() {
    for (let at = 0; at < file.length; at += 777) yield file.subarray(at, at + 777);
  }
  await readRdb(chunks(), (item) => digest.see(item), { ...defaultRdbLimits, valueBytesMax });
  return digest;
}

const titles = kinds.map(({ title }) => title);

test.each(titles)(
  `of the values of %s, whatever their encodings (seed ${testSeed})`,
  async (title) => {
    const engine = engines.get(title) as RdbEngine;
    const recipes = valueRecipes(randomFrom(testSeed), hasFeature(engine.target, "field expiry"));
    await engine.run([...recipes.values()].flat());
    await engine.run([
      ["SELECT", "3"],
      ["SET", "elsewhere", "x"],
      ["SELECT", "0"],
      ["FUNCTION", "LOAD", library],
    ]);
    const file = await engine.save();
    const digest = await digestOf(file);
    expect(digest.keys).toBe(recipes.size + 1);
    expect([digest.keysByDatabase.get(3), digest.functions]).toEqual([1, 1]);
    expect((await digestOf(file, 100)).total().equals(digest.total())).toBe(true);

    // Small collections are packed with the engine's own bounds, which changes their encodings.
    for (const bound of ["hash-max-listpack-entries", "zset-max-listpack-entries", "set-max-intset-entries"])
      await engine.run([["CONFIG", "SET", bound, "0"]]);
    await engine.load(file);
    const unpacked = await engine.save();
    expect((await digestOf(unpacked)).total().toString()).toBe(digest.total().toString());

    await engine.run([
      ["SELECT", "3"],
      ["SET", "elsewhere", "y"],
      ["SELECT", "0"],
    ]);
    expect((await digestOf(await engine.save())).total().equals(digest.total())).toBe(false);
  },
  20_000,
);

test("of what one engine has loaded from the file of the other", async () => {
  const [redis, valkey] = [engines.get("redis-server"), engines.get("valkey-server")];
  if (redis === undefined || valkey === undefined) return;
  await redis.run([["SELECT", "0"]]);
  const file = await redis.save();
  await valkey.load(file);
  expect((await digestOf(await valkey.save())).total().equals((await digestOf(file)).total())).toBe(true);
}, 20_000);
