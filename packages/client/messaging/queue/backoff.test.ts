import { expect, test } from "bun:test";
import { backoffPlan } from "./backoff.ts";

const never = { fraction: () => 0, bytes: () => Buffer.alloc(0) };
const half = { fraction: () => 0.5, bytes: () => Buffer.alloc(0) };
const delays = (plan: ReturnType<typeof backoffPlan>) => [1, 2, 3, 30].map((attempt) => plan(attempt, new Error("no")));

test("a fixed one is the same each time, an exponential one doubles up to its longest", () => {
  expect(delays(backoffPlan("fixed", never))).toEqual([1_000, 1_000, 1_000, 1_000]);
  expect(delays(backoffPlan("exponential", never))).toEqual([1_000, 2_000, 4_000, 3_600_000]);
  expect(delays(backoffPlan({ type: "exponential", delay: 10, delayMax: "1s" }, never))).toEqual([10, 20, 40, 1_000]);
});

test("jitter shortens", () => {
  expect(delays(backoffPlan("exponential", half))).toEqual([750, 1_500, 3_000, 2_700_000]);
  expect(backoffPlan({ type: "fixed", jitter: 1 }, half)(1, null)).toBe(500);
  expect(backoffPlan("fixed", half)(1, null)).toBe(1_000);
});

test("a function decides; one that throws or answers nonsense is replaced", () => {
  expect(delays(backoffPlan((attempt) => `${attempt}s`, never))).toEqual([1_000, 2_000, 3_000, 30_000]);
  expect(backoffPlan(() => Number.NaN, never)(2, null)).toBe(2_000);
  expect(backoffPlan((_, error) => (error as { wait: number }).wait, never)(1, null)).toBe(1_000);
});

test("what is no backoff is named", () => {
  expect(() => backoffPlan("linear" as never, never)).toThrow(/^backoff/);
  expect(() => backoffPlan(null as never, never)).toThrow(/^backoff/);
  expect(() => backoffPlan({ type: "fixed", delay: -1 }, never)).toThrow(/^backoff.delay/);
  expect(() => backoffPlan({ type: "fixed", jitter: 2 }, never)).toThrow(/^backoff.jitter/);
});
