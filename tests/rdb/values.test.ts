/**
 * Values of every type and encoding, from each engine to each: decoded, restored as they are, and made anew by
 * commands. What is on the other side must be the same value.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  defaultRdbLimits,
  dumpPayload,
  hasFeature,
  loadability,
  parseDumpPayload,
  type RdbItem,
  RdbWriter,
  rdbVersionOf,
  readRdb,
  ValueRebuilder,
  type WrittenRdbVersion,
} from "@larder/rdb";
import { RdbEngine, type RdbEngineKind, rdbEngineKinds } from "../fixture/rdb-engines.ts";
import { randomFrom, testSeed } from "../fixture/seed.ts";
import { type DescribedValue, describeByEngine, describeDecoded } from "../fixture/value-description.ts";
import { comparable, type Way } from "../fixture/value-equality.ts";
import { setBounds, valueRecipes } from "../fixture/value-recipes.ts";

type DumpEntry = ReturnType<typeof parseDumpPayload>;

interface Filled {
  engine: RdbEngine;
  shown: Map<string, DescribedValue>;
  entries: Map<string, DumpEntry>;
  /** Of each key, as the engine reckons it. */
  digests: Map<string, string>;
  /** Empty where the engine has none. */
  file: Uint8Array;
}

const library = "#!lua name=larder\nredis.register_function('one', function() return 1 end)";

const filled = new Map<string, Filled>();

beforeAll(async () => {
  for (const each of await Promise.all(rdbEngineKinds.map(fill))) filled.set(each.engine.kind.title, each);
}, 20_000);

afterAll(async () => {
  await Promise.all([...filled.values()].map(({ engine }) => engine.stop()));
});

async function fill(kind: RdbEngineKind): Promise<Filled> {
  const engine = await RdbEngine.start(kind);
  await setBounds(engine);
  const recipes = valueRecipes(randomFrom(testSeed), hasFeature(engine.target, "field expiry"));
  await engine.run([...recipes.values()].flat());
  await engine.run([
    ["SELECT", "3"],
    ["SET", "elsewhere", "x"],
    ["SELECT", "0"],
  ]);
  if (hasFeature(engine.target, "functions")) await engine.run([["FUNCTION", "LOAD", library]]);
  const entries = new Map<string, DumpEntry>();
  const shown = new Map<string, DescribedValue>();
  for (const key of recipes.keys()) {
    const remaining = (await engine.ask("PTTL", key)) as number;
    const expiresAtMs = remaining < 0 ? null : expiryOf(recipes.get(key));
    entries.set(
      key,
      parseDumpPayload((await engine.ask("DUMP", key)) as Buffer, { key: Buffer.from(key), expiresAtMs }),
    );
    shown.set(key, await describeByEngine(engine, key));
  }
  const file = kind.hasFiles ? await engine.save() : new Uint8Array(0);
  return { engine, shown, entries, file, digests: await digestsOf(engine, recipes.keys()) };
}

/** Empty where the engine does not give them: they are for debugging. */
async function digestsOf(engine: RdbEngine, keys: Iterable<string>): Promise<Map<string, string>> {
  const names = [...keys];
  const [digests] = await engine.askEach([["DEBUG", "DIGEST-VALUE", ...names]]);
  if (!Array.isArray(digests)) return new Map();
  return new Map(names.map((name, index) => [name, String(digests[index])]));
}

/** Releases print scores into a digest in different ways, and those that know expiry of fields put it there. */
function comparableDigests(digests: Map<string, string>, isSameEngine: boolean): Map<string, string> {
  return new Map([...digests].filter(([key]) => isSameEngine || !/^(zset|hash:timed)/.test(key)));
}

/** Engines before 7.0 tell only how long a key still has; the recipe knows when it ends. */
function expiryOf(commands: readonly (readonly (string | Uint8Array)[])[] | undefined): number {
  return Number(commands?.find(([name]) => name === "PEXPIREAT")?.[2]);
}

const titles = rdbEngineKinds.map(({ title }) => title);
const ways = titles.flatMap((from) => titles.filter((to) => to !== from).map((to) => ({ from, to })));

function sidesOf(from: string, to: string): { source: Filled; target: RdbEngine } {
  return { source: filled.get(from) as Filled, target: (filled.get(to) as Filled).engine };
}

async function expectSame(
  source: Filled,
  target: RdbEngine,
  keys: Iterable<string>,
  byCommands: boolean,
): Promise<void> {
  const way: Way = { from: source.engine.target, to: target.target, byCommands };
  for (const key of keys) {
    const arrived = await describeByEngine(target, key);
    const shown = source.shown.get(key) as DescribedValue;
    expect({ key, ...comparable(arrived, way) }).toEqual({ key, ...comparable(shown, way) });
    const { expiresAtMs } = source.entries.get(key) as DumpEntry;
    const remaining = (await target.ask("PTTL", key)) as number;
    if (expiresAtMs === null) expect(remaining).toBe(-1);
    else expect(Math.abs(Date.now() + remaining - expiresAtMs)).toBeLessThan(60_000);
  }
}

test.each(titles)(`what %s dumps decodes to what it shows (seed ${testSeed})`, (title) => {
  const { entries, shown } = filled.get(title) as Filled;
  for (const [key, entry] of entries)
    expect({ key, ...describeDecoded(entry) }).toEqual({ key, ...(shown.get(key) as DescribedValue) });
});

describe.each(ways)("from $from to $to", ({ from, to }) => {
  test(`by commands (seed ${testSeed})`, async () => {
    const { source, target } = sidesOf(from, to);
    await target.run([["SELECT", "1"], ["FLUSHDB"]]);
    const rebuilder = new ValueRebuilder({ target: target.target, onFieldExpiry: "drop" });
    for (const entry of source.entries.values()) for (const batch of rebuilder.whole(entry)) await target.run(batch);
    await expectSame(source, target, source.entries.keys(), true);
    expect(rebuilder.losses.pendingEntries).toBe(0);
  }, 20_000);

  test(`by RESTORE of all that can be restored (seed ${testSeed})`, async () => {
    const { source, target } = sidesOf(from, to);
    await target.run([["SELECT", "1"], ["FLUSHDB"]]);
    const restored: string[] = [];
    for (const [key, entry] of source.entries) {
      const way = loadability(entry.encoding, target.target);
      if (way.way === "refused") throw new Error(way.why);
      if (way.way === "commands") {
        const [reply] = await target.askEach([["RESTORE", key, "0", dumpPayload(entry, entry.version)]]);
        expect(reply).toBeInstanceOf(Error);
        continue;
      }
      restored.push(key);
      const expiry = entry.expiresAtMs === null ? ["0"] : [String(entry.expiresAtMs), "ABSTTL"];
      const [ttl = "0", ...rest] = expiry;
      await target.run([["RESTORE", key, ttl, dumpPayload(entry, way.version), ...rest]]);
    }
    await expectSame(source, target, restored, false);
  }, 20_000);
});

const fileTitles = rdbEngineKinds.filter(({ hasFiles }) => hasFiles).map(({ title }) => title);
const fileWays = fileTitles.flatMap((from) => fileTitles.map((to) => ({ from, to })));

describe.each(fileWays)("the file of $from", ({ from, to }) => {
  test.each([1 << 20, 100])(
    `written anew for ${to}, values in parts beyond %d bytes (seed ${testSeed})`,
    async (valueBytesMax) => {
      const { source, target } = sidesOf(from, to);
      const { file, losses } = await rewrite(source.file, versionFor(target), valueBytesMax);
      await target.load(file);
      await target.run([["SELECT", "0"]]);
      await expectSame(source, target, source.entries.keys(), false);
      const wanted = comparableDigests(source.digests, from === to);
      const digests = await digestsOf(target, wanted.keys());
      if (wanted.size > 0 && digests.size > 0) expect(digests).toEqual(wanted);
      const functions = hasFeature(source.engine.target, "functions") && hasFeature(target.target, "functions");
      if (functions) expect(String(await target.ask("FUNCTION", "LIST"))).toContain("larder");
      expect(
        await target.run([
          ["SELECT", "3"],
          ["GET", "elsewhere"],
        ]),
      ).toEqual(["OK", "x"].map((each) => Buffer.from(each)));
      expect(losses.functions).toBe(hasFeature(source.engine.target, "functions") && !functions ? 1 : 0);
    },
    20_000,
  );
});

function versionFor(engine: RdbEngine): WrittenRdbVersion {
  return rdbVersionOf(engine.target) as WrittenRdbVersion;
}

async function rewrite(file: Uint8Array, version: WrittenRdbVersion, valueBytesMax: number) {
  const writer = new RdbWriter({ version, onFieldExpiry: "drop" });
  const chunks: Uint8Array[] = [];
  writer.header();
  await readRdb(
    chunksOf(file),
    (item) => {
      rewriteItem(writer, item);
      chunks.push(writer.take());
    },
    { ...defaultRdbLimits, valueBytesMax },
  );
  return { file: Buffer.concat([...chunks, writer.take()]), losses: writer.losses };
}

function rewriteItem(writer: RdbWriter, item: RdbItem): void {
  if (item.type === "database") writer.selectDatabase(item.index);
  else if (item.type === "resize") writer.resize(item.keys, item.expires);
  else if (item.type === "function") writer.function(item.code);
  else if (item.type === "entry" && item.isWhole) writer.entry(item);
  else if (item.type === "entry") writer.beginEntry(item);
  else if (item.type === "entryPart") writer.part(item.bytes);
  else if (item.type === "entryEnd") writer.endEntry();
  else if (item.type === "end") writer.end();
}

async function* chunksOf(file: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += 777) yield file.subarray(at, at + 777);
}
