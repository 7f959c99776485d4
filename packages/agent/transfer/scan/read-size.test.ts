import { expect, test } from "bun:test";
import { migrationLimits } from "../migrate/migration-limits.ts";
import { ReadSize } from "./read-size.ts";

const { readBytesMax } = migrationLimits;

/** How keys are parted whose payloads are as long as they weigh. */
function parted(weights: readonly number[], { isTold }: { isTold: boolean }): number[] {
  const size = new ReadSize(200);
  const parts: number[] = [];
  for (let from = 0; from < weights.length; from += parts.at(-1) ?? 1) {
    const count = size.next(isTold ? weights : weights.map(() => null), from);
    size.took(weights.slice(from, from + count));
    parts.push(count);
  }
  return parts;
}

test("keys whose weight is told come together as far as the bound goes, and a larger one alone", () => {
  const half = readBytesMax / 2;
  expect(parted([half, half, 1, 2 * readBytesMax, 1, 1], { isTold: true })).toEqual([2, 1, 1, 2]);
  expect(parted(new Array<number>(500).fill(10), { isTold: true })).toEqual([200, 200, 100]);
});

test("where it is not told, more and more come while they are small, and few at once behind a large one", () => {
  const small = new Array<number>(300).fill(10);
  const parts = parted([...small, readBytesMax / 2, ...small], { isTold: false });
  expect(parts.slice(0, 7)).toEqual([1, 2, 4, 8, 16, 32, 64]);
  const afterLarge = parts.findIndex((_, index) => parts.slice(0, index).reduce((sum, count) => sum + count, 0) > 300);
  expect(parts[afterLarge]).toBe(2);
  expect(Math.max(...parts)).toBeLessThanOrEqual(200);
});

test("keys that are all large are read one by one", () => {
  expect(parted(new Array<number>(4).fill(2 * readBytesMax), { isTold: false })).toEqual([1, 1, 1, 1]);
});
