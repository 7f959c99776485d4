import { expect, test } from "bun:test";
import type { RdbEncodingName, RdbKind } from "../encodings.ts";
import type { TargetEngine } from "../engine-versions.ts";
import { type Bytes, double, milliseconds, string } from "../rdb-bytes.ts";
import { type RebuildOptions, type RebuiltEntry, rebuildCommands, ValueRebuilder } from "./rebuild-commands.ts";

const valkey9: TargetEngine = { name: "valkey", version: "9.0.0" };
const valkey8: TargetEngine = { name: "valkey", version: "8.0.1" };

function entryOf(
  kind: RdbKind,
  encoding: RdbEncodingName,
  value: Bytes,
  expiresAtMs: number | null = null,
): RebuiltEntry {
  const bytes = Uint8Array.from(value);
  const at = { valueBytes: bytes, valueStart: 0, valueEnd: bytes.length, valueOffset: 0 };
  return { kind, encoding, key: Buffer.from("k"), expiresAtMs, ...at };
}

function textOf(batches: Iterable<readonly (readonly Uint8Array[])[]>): string[][] {
  return [...batches].map((batch) => batch.map((words) => words.map((each) => Buffer.from(each).toString()).join(" ")));
}

function rebuilt(entry: RebuiltEntry, options: RebuildOptions): string[][] {
  return textOf(rebuildCommands(entry, options));
}

test("elements share commands, and commands batches, up to their limits", () => {
  const value = [5, ...["a", "b", "c", "d", "e"].flatMap((each) => string(each))];
  const limits = { commandElementsMax: 2, batchCommandsMax: 2 };
  expect(rebuilt(entryOf("list", "list", value, 7), { target: valkey8, limits })).toEqual([
    ["RPUSH k a b", "RPUSH k c d"],
    ["RPUSH k e", "PEXPIREAT k 7"],
  ]);
  expect(rebuilt(entryOf("list", "list", value), { target: valkey8, replaces: true })).toEqual([
    ["DEL k", "RPUSH k a b c d e"],
  ]);
  expect(rebuilt(entryOf("set", "set", value), { target: valkey8, limits: { commandBytesMax: 3 } })).toEqual([
    ["SADD k a b c", "SADD k d e"],
  ]);
});

test("scores are exact", () => {
  const scores = [0.1, 1 / 3, 1e300, 5e-324, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0];
  const value = [scores.length, ...scores.flatMap((score) => [...string("m"), ...double(score)])];
  const [[command = ""] = []] = rebuilt(entryOf("zset", "zset-2", value), { target: valkey8 });
  expect(command).toBe("ZADD k 0.1 m 0.3333333333333333 m 1e+300 m 5e-324 m inf m -inf m -0 m");
});

test("fields expire where the target knows it, and are refused or counted where not", () => {
  const fields = [
    ...string("a"),
    ...string("1"),
    ...milliseconds(99n),
    ...string("b"),
    ...string("2"),
    ...milliseconds(-1n),
  ];
  const entry = entryOf("hash", "hash-2", [3, ...fields, ...string("c"), ...string("3"), ...milliseconds(99n)]);
  expect(rebuilt(entry, { target: valkey9 })).toEqual([["HSET k a 1 b 2 c 3", "HPEXPIREAT k 99 FIELDS 2 a c"]]);
  expect(() => rebuilt(entry, { target: valkey8 })).toThrow("a field expires, which the target engine does not know");
  const dropping = new ValueRebuilder({ target: valkey8, onFieldExpiry: "drop" });
  expect(textOf(dropping.whole(entry))).toEqual([["HSET k a 1 b 2 c 3"]]);
  expect(dropping.losses.fieldExpiries).toBe(2);
});

test("a string in parts is set and appended to", () => {
  const entry = entryOf("string", "string", string("abcdef"), 5);
  const rebuilder = new ValueRebuilder({ target: valkey8 });
  rebuilder.begin(entry);
  const bytes = entry.valueBytes;
  const batches = [...rebuilder.part(bytes.subarray(0, 3)), ...rebuilder.part(bytes.subarray(3)), ...rebuilder.end()];
  expect(textOf(batches)).toEqual([["SET k ab", "APPEND k cdef", "PEXPIREAT k 5"]]);
});

test("after an error the next value is rebuilt as if nothing had been", () => {
  const rebuilder = new ValueRebuilder({ target: valkey8 });
  expect(() => textOf(rebuilder.whole(entryOf("list", "list", [2, ...string("a")])))).toThrow("expected 1 bytes more");
  expect(textOf(rebuilder.whole(entryOf("list", "list", [1, ...string("b")])))).toEqual([["RPUSH k b"]]);
});

test("a stream that is empty exists", () => {
  const value = [0, 0, 5, 3, 0, 0, 5, 3, 9, 1, ...string("g"), 5, 3, 9, 0, 0];
  expect(rebuilt(entryOf("stream", "stream-listpacks-2", value), { target: valkey8 })).toEqual([
    ["XADD k MAXLEN 0 5-3 x x", "XGROUP CREATE k g 5-3 ENTRIESREAD 9", "XSETID k 5-3 ENTRIESADDED 9 MAXDELETEDID 5-3"],
  ]);
  expect(
    rebuilt(entryOf("stream", "stream-listpacks-2", value), { target: { name: "redis", version: "6.0.1" } }),
  ).toEqual([["XADD k MAXLEN 0 5-3 x x", "XGROUP CREATE k g 5-3", "XSETID k 5-3"]]);
});
