import { describe, expect, test } from "bun:test";
import { defaultRdbLimits, type RdbLimits } from "./limits.ts";
import { type Bytes, compressed, entry, file, latin1, length, milliseconds, streamId, string } from "./rdb-bytes.ts";
import { RdbReader } from "./reader.ts";
import { tellItems } from "./told-items.ts";

const limits: RdbLimits = { ...defaultRdbLimits, valueBytesMax: 100 };
const many = (count: number, make: (index: number) => Bytes): Bytes => [
  ...length(count),
  ...Array.from({ length: count }, (_, index) => make(index)).flat(),
];

const textScores: Bytes[] = [[3, ...latin1("1.5")], [253], [254], [255]];

const longValues: [string, number, Bytes][] = [
  ["a string", 0, string("x".repeat(5_000))],
  ["a compressed string", 0, compressed(new Array<number>(700).fill(7), 5_000)],
  ["a hash", 4, many(300, (index) => [...string(`f${index}`), ...string("v".repeat(index % 60))])],
  ["a hash with a long string", 4, many(3, (index) => [...string(`f${index}`), ...string("v".repeat(400))])],
  ["a sorted set", 5, many(200, (index) => [...string(`m${index}`), ...milliseconds(BigInt(index))])],
  ["a sorted set with text", 3, many(200, (index) => [...string(`m${index}`), ...(textScores[index % 4] as Bytes)])],
  ["a list", 18, many(50, (index) => [2, ...string("packed".repeat(index))])],
  ["a module", 7, [...length(2 ** 40), ...new Array<Bytes>(40).fill([5, ...string("x".repeat(130)), 2, 1]).flat(), 0]],
  [
    "a stream",
    21,
    [
      ...many(3, (index) => [...string(`${index}`.repeat(16)), ...string("l".repeat(300))]),
      ...new Array<number>(8).fill(1),
      ...many(2, () => [
        ...string("group"),
        1,
        1,
        1,
        ...many(90, (index) => [...streamId(1n, BigInt(index)), ...milliseconds(9n), 1]),
        ...many(3, () => [
          ...string("c"),
          ...milliseconds(1n),
          ...milliseconds(1n),
          ...many(30, () => streamId(1n, 1n)),
        ]),
      ]),
    ],
  ],
];

describe("values above the limit", () => {
  test.each(longValues)("%s is given in parts, whatever the chunks", (_, typeByte, value) => {
    const before = entry(0, "before", string("b"));
    const bytes = file("REDIS0012", before, entry(typeByte, "long", value), entry(0, "after", string("a")));
    const whole = tellItems(bytes);
    expect(whole[2]?.endsWith(Buffer.from(value).toString("hex"))).toBe(true);
    for (const size of [1, 2, 3, 17, 64, 101, 1_000, bytes.length]) {
      const cuts = Array.from({ length: Math.floor(bytes.length / size) }, (_, index) => index * size);
      const told = tellItems(bytes, cuts, limits);
      expect(told[2]).toContain(" parts ");
      expect(told[2]?.replace("parts ", "")).toBe(whole[2] as string);
      expect(told[3]).toBe("entryEnd");
      expect(told.toSpliced(2, 2)).toEqual(whole.toSpliced(2, 1));
    }
  });

  test("a value of just the limit is whole, one byte more is not", () => {
    const exactly = file("REDIS0012", entry(0, "k", string("x".repeat(98))));
    expect(tellItems(exactly, [20, 60], limits)[1]).not.toContain("parts");
    expect(tellItems(file("REDIS0012", entry(0, "k", string("x".repeat(99)))), [20, 60], limits)[1]).toContain("parts");
  });

  test("the pieces of a hash are not cut, and little is held", () => {
    const fields = many(5_000, (index) => [...string(`f${index}`), ...string("v".repeat(50))]);
    const bytes = file("REDIS0012", entry(4, "k", fields));
    const reader = new RdbReader(limits);
    const parts: Uint8Array[] = [];
    let longest = 0;
    for (let at = 0; at < bytes.length; at += 30) {
      reader.push(bytes.slice(at, at + 30));
      for (let item = reader.next(); item !== null; item = reader.next()) {
        if (item.type !== "entryPart") continue;
        parts.push(item.bytes.slice());
        longest = Math.max(longest, item.bytes.length);
      }
    }
    expect(longest).toBeLessThan(200);
    expect(Buffer.concat(parts)).toEqual(Buffer.from(fields));
    for (const part of parts.slice(1)) {
      let at = 0;
      while (at < part.length) at += 1 + (part[at] as number);
      expect(at).toBe(part.length);
    }
  });
});
