import { expect, test } from "bun:test";
import { atLeast, atMost, exactly, fastest } from "./client-goals.ts";

const rates = new Map([
  ["ours", [100, 40, 120]],
  ["peer", [50, 10, 80]],
  ["other", [90, 90, 10]],
]);

test("a ratio is the median of the rounds' ratios", () => {
  expect(atLeast("hits", rates, ["ours", "peer"], 2)).toMatchObject({ measured: "2.00 times", isMet: true });
  expect(atLeast("hits", rates, ["ours", "peer"], 2.1).isMet).toBe(false);
});

test("what was not measured is not met", () => {
  expect(atLeast("hits", rates, ["ours", "nobody"], 1).isMet).toBe(false);
});

test("bounds and exact figures", () => {
  expect(atMost("staleness", "p99", 4.25, [5, "ms"])).toMatchObject({
    wanted: "≤ 5 ms",
    measured: "4.3 ms",
    isMet: true,
  });
  expect(atMost("staleness", "p99", 5.01, [5, "ms"]).isMet).toBe(false);
  expect(atMost("staleness", "p99", Number.NaN, [5, "ms"]).isMet).toBe(false);
  expect(exactly("stampede", "loads", 2, 1)).toMatchObject({ measured: "2", isMet: false });
});

test("the fastest by the median", () => {
  expect(fastest(rates, ["peer", "other"])).toBe("other");
});
