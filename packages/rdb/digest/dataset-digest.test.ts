import { expect, test } from "bun:test";
import { CurrentEntry } from "../entry.ts";
import { DatasetDigest } from "./dataset-digest.ts";

const nowMs = 1_800_000_000_000;
const minuteMs = 60_000;

/** Of strings alone; values of other kinds are compared between engines, in tests/rdb. */
type Key = readonly [key: string, value: string, expiresAtMs?: number];

function digestOf(databases: Readonly<Record<number, readonly Key[]>>, functions: readonly string[] = []) {
  const digest = new DatasetDigest(nowMs);
  for (const code of functions) digest.see({ type: "function", code: Buffer.from(code) });
  for (const [database, keys] of Object.entries(databases))
    for (const key of keys) digest.see(entryOf(Number(database), key));
  return digest;
}

function entryOf(database: number, [key, value, expiresAtMs]: Key): CurrentEntry {
  const entry = new CurrentEntry();
  entry.database = database;
  entry.expiresAtMs = expiresAtMs ?? null;
  entry.keyBytes = Buffer.from(key);
  entry.keyEnd = entry.keyBytes.length;
  entry.valueBytes = Buffer.from([value.length, ...Buffer.from(value)]);
  entry.valueEnd = entry.valueBytes.length;
  return entry;
}

const some: readonly Key[] = [
  ["a", "1"],
  ["b", "2"],
  ["c", "3", nowMs + 10 * minuteMs],
];

test("keys count in any order, in their databases", () => {
  const digest = digestOf({ 0: some, 3: [["a", "1"]] }, ["code"]);
  expect(digest.keys).toBe(4);
  expect([...digest.keysByDatabase]).toEqual([
    [0, 3],
    [3, 1],
  ]);
  expect(digest.functions).toBe(1);
  const other = digestOf({ 0: some.toReversed(), 3: [["a", "1"]] }, ["code"]);
  expect(other.total().equals(digest.total())).toBe(true);
  expect(digest.total().toString()).toMatch(/^[0-9a-f]{32}$/);
});

test("whatever is another thing makes another digest", () => {
  const digests = [
    digestOf({ 0: some }),
    digestOf({ 1: some }),
    digestOf({ 0: some.slice(1) }),
    digestOf({ 0: [["a", "2"], ["b", "1"], some[2]!] }),
    digestOf({ 0: [...some.slice(0, 2), ["c", "3"]] }),
    digestOf({ 0: [...some.slice(0, 2), ["c", "3", nowMs]] }),
    digestOf({ 0: [...some, ["a", "1"]] }),
    digestOf({ 0: some }, ["code"]),
    digestOf({ 0: some }, ["other"]),
    digestOf({}),
  ];
  expect(new Set(digests.map((digest) => digest.total().toString())).size).toBe(digests.length);
});

test("what has expired meanwhile can be left out, to the minute", () => {
  const all = digestOf({ 0: [...some, ["gone", "x", nowMs - minuteMs], ["late", "y", nowMs + 10 ** 10]] });
  const later = digestOf({ 0: [some[0]!, some[1]!, ["late", "y", nowMs + 10 ** 10]] });
  expect(all.lasting(nowMs + 12 * minuteMs).equals(later.lasting(nowMs + 12 * minuteMs))).toBe(true);
  expect(all.lasting(nowMs + 9 * minuteMs).count).toBe(4);
  expect(all.lasting(nowMs + 9 * minuteMs).equals(later.lasting(nowMs + 9 * minuteMs))).toBe(false);
  expect(all.total().count).toBe(5);
});
