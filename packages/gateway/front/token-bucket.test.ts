import { expect, test } from "bun:test";
import { TokenBucket } from "./token-bucket.ts";

function takeAll(bucket: TokenBucket, nowMs: number): number {
  let count = 0;
  while (bucket.take(nowMs)) count++;
  return count;
}

test("gives its burst at once, and then what time earns", () => {
  const bucket = new TokenBucket({ perSecond: 100, burst: 5 }, 0);
  expect(takeAll(bucket, 0)).toBe(5);
  expect(takeAll(bucket, 9)).toBe(0);
  expect(takeAll(bucket, 10)).toBe(1);
  expect(takeAll(bucket, 40)).toBe(3);
});

test("never holds more than its burst", () => {
  const bucket = new TokenBucket({ perSecond: 100, burst: 5 }, 0);
  expect(takeAll(bucket, 1_000_000)).toBe(5);
});

test("a clock that stands still or goes back earns nothing", () => {
  const bucket = new TokenBucket({ perSecond: 100, burst: 1 }, 1_000);
  expect(takeAll(bucket, 1_000)).toBe(1);
  expect(takeAll(bucket, 500)).toBe(0);
});

test("asking takes nothing", () => {
  const bucket = new TokenBucket({ perSecond: 1, burst: 1 }, 0);
  expect([bucket.has(0), bucket.has(0), bucket.take(0), bucket.has(0)]).toEqual([true, true, true, false]);
});
