import { expect, test } from "bun:test";
import { type Duration, durationMs } from "./duration.ts";

test.each([
  [250, 250],
  ["250ms", 250],
  ["1.5s", 1_500],
  ["30m", 1_800_000],
  ["2h", 7_200_000],
  ["1d", 86_400_000],
  [0, 0],
] as [Duration, number][])("%p is %p ms", (duration, ms) => {
  expect(durationMs(duration, "ttl")).toBe(ms);
});

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, "5", "5 s", "-1s", "1w", ""])("%p is none", (duration) => {
  expect(() => durationMs(duration as Duration, "ttl")).toThrow(/^ttl is no duration/);
});
