/**
 * Values of every type and encoding, from each engine to each: decoded, restored as they are, and made anew by
 * commands. What is on the other side must be the same value.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  dumpPayload,
  hasFeature,
  loadability,
  parseDumpPayload,
  ValueRebuilder,
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
}

const filled = new Map<string, Filled>();

beforeAll(async () => {
  for (const each of await Promise.all(rdbEngineKinds.map(fill))) filled.set(each.engine.kind.title, each);
}, 60_000);

afterAll(async () => {
  await Promise.all([...filled.values()].map(({ engine }) => engine.stop()));
});

async function fill(kind: RdbEngineKind): Promise<Filled> {
  const engine = await RdbEngine.start(kind);
  await setBounds(engine);
  const recipes = valueRecipes(randomFrom(testSeed), hasFeature(engine.target, "field expiry"));
  await engine.run([...recipes.values()].flat());
  const entries = new Map<string, DumpEntry>();
  const shown = new Map<string, DescribedValue>();
  for (const key of recipes.keys()) {
    const remaining = (await engine.ask("PTTL", key)) as number;
    const expiresAtMs = remaining < 0 ? null : expiryOf(recipes.get(key));
    entries.set(key, parseDumpPayload((await engine.ask("DUMP", key)) as Buffer, { key: Buffer.from(key), expiresAtMs }));
    shown.set(key, await describeByEngine(engine, key));
  }
  return { engine, shown, entries };
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

async function expectSame(source: Filled, target: RdbEngine, keys: Iterable<string>, byCommands: boolean): Promise<void> {
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
  for (const [key, entry] of entries) expect({ key, ...describeDecoded(entry) }).toEqual({ key, ...(shown.get(key) as DescribedValue) });
});

describe.each(ways)("from $from to $to", ({ from, to }) => {
  test(`by commands (seed ${testSeed})`, async () => {
    const { source, target } = sidesOf(from, to);
    await target.run([["SELECT", "1"], ["FLUSHDB"]]);
    const rebuilder = new ValueRebuilder({ target: target.target, onFieldExpiry: "drop" });
    for (const entry of source.entries.values()) for (const batch of rebuilder.whole(entry)) await target.run(batch);
    await expectSame(source, target, source.entries.keys(), true);
    expect(rebuilder.losses.pendingEntries).toBe(0);
  }, 60_000);

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
  }, 60_000);
});
