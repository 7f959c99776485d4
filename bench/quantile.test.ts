import { expect, test } from "bun:test";
import { median, quantile, quantileOfSorted } from "./quantile.ts";

test("the order of the values does not matter, and they stay as they are", () => {
  const values = [10, 9, 1];
  expect(median(values)).toBe(9);
  expect(values).toEqual([10, 9, 1]);
});

test("between two values it is linear; the ends are the extremes", () => {
  expect(quantile([0, 10], 0.25)).toBe(2.5);
  expect(quantile([3, 1, 2], 0)).toBe(1);
  expect(quantile([3, 1, 2], 1)).toBe(3);
});

test("of many sorted ones", () => {
  const sorted = Float64Array.from({ length: 1001 }, (_, index) => index);
  expect([0.5, 0.99, 0.999].map((fraction) => quantileOfSorted(sorted, fraction))).toEqual([500, 990, 999]);
});

test("of nothing there is none", () => {
  expect(quantile([], 0.5)).toBeNaN();
  expect(quantileOfSorted(new Float64Array(0), 0.99)).toBeNaN();
});
