/**
 * Files of engines that the machine need not have, whole, byte by byte and cut off. samples/make.ts made them; the name
 * is the engine's, as Debian ships it.
 */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RdbError } from "@larder/rdb";
import { tellItems } from "../../packages/rdb/told-items.ts";

const maker = "tests/rdb/samples/make.ts";

const always = {
  int8: "string",
  int16: "string",
  int32: "string",
  plain: "string",
  compressed: "string",
  expires: "string",
  integers: "set-intset",
  set: "set",
  zset: "zset-2",
  hash: "hash",
};

const samples: Record<string, { head: string; encodings: Record<string, string> }> = {
  "redis-6.0.16": {
    head: "redis 9",
    encodings: {
      ...always,
      list: "list-quicklist",
      "set small": "set",
      "zset small": "zset-ziplist",
      "hash small": "hash-ziplist",
      "timed small": "hash-ziplist",
      timed: "hash",
      stream: "stream-listpacks",
    },
  },
  "redis-8.0.2": {
    head: "redis 12",
    encodings: {
      ...always,
      list: "list-quicklist-2",
      "set small": "set-listpack",
      "zset small": "zset-listpack",
      "hash small": "hash-listpack",
      "timed small": "hash-listpack-ex",
      timed: "hash-metadata",
      stream: "stream-listpacks-3",
    },
  },
  "valkey-9.1.2": {
    head: "valkey 80",
    encodings: {
      ...always,
      list: "list-quicklist-2",
      "set small": "set-listpack",
      "zset small": "zset-listpack",
      "hash small": "hash-listpack",
      "timed small": "hash-2",
      timed: "hash-2",
      stream: "stream-listpacks-3",
    },
  },
};

function bytesOf(name: string): Uint8Array {
  const path = join(import.meta.dir, "samples", `${name}.rdb`);
  if (!existsSync(path)) throw new Error(`${path} is missing: ${maker} makes it`);
  return new Uint8Array(readFileSync(path));
}

function everyByte(bytes: Uint8Array): number[] {
  return Array.from(bytes, (_, index) => index);
}

/** Of `offset database/key kind:encoding …`: a key may have blanks. */
function encodingsOf(told: readonly string[], database: number): Record<string, string> {
  const line = new RegExp(`^\\d+ ${database}/(.+) \\w+:(\\S+) `);
  const found = told.map((text) => line.exec(text)).filter((match) => match !== null);
  return Object.fromEntries(found.map(([, key = "", encoding = ""]) => [key, encoding]));
}

describe.each(Object.entries(samples))("%s", (name, { head, encodings }) => {
  const bytes = bytesOf(name);

  test("has every key in the encoding of its time", () => {
    const told = tellItems(bytes);
    expect([told[0], told.at(-1)]).toEqual([head, "end verified"]);
    expect(encodingsOf(told, 0)).toEqual(encodings);
    expect(encodingsOf(told, 3)).toEqual({ elsewhere: "string" });
    expect(told.filter((line) => line.startsWith("function"))).toHaveLength(head === "redis 9" ? 0 : 1);
  });

  test("is the same byte by byte", () => {
    expect(tellItems(bytes, everyByte(bytes))).toEqual(tellItems(bytes));
  });

  test("is truncated at every byte, and refused with any bit flipped", () => {
    for (const at of everyByte(bytes)) {
      expect(() => tellItems(bytes.subarray(0, at))).toThrow(`at offset ${at}`);
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
      expect(() => tellItems(flipped)).toThrow(RdbError);
    }
  });
});

test("a node of a Redis cluster says the slots by an opcode, one of Valkey's by auxiliary fields", () => {
  const slot = /slot.*\b2103[ ,]1[ ,]0/;
  expect(tellItems(bytesOf("redis-8-cluster")).find((line) => slot.test(line))).toBe("slot 2103 1 0");
  expect(tellItems(bytesOf("valkey-9-cluster")).find((line) => slot.test(line))).toBe("aux slot-info=2103,1,0,0");
});
