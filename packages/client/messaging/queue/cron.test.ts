import { expect, test } from "bun:test";
import { nextTick, repeatPlan } from "./cron.ts";

const after = (cron: string, time: string) => new Date(nextTick({ cron }, Date.parse(time))).toISOString().slice(0, 16);

test.each([
  ["* * * * *", "2026-11-21T10:00:30Z", "2026-11-21T10:01"],
  ["*/15 * * * *", "2026-11-21T10:45:00Z", "2026-11-21T11:00"],
  ["0 3 * * *", "2026-11-21T03:00:00Z", "2026-11-22T03:00"],
  ["30 8,17 * * 1-5", "2026-11-20T17:30:00Z", "2026-11-23T08:30"],
  ["0 0 1 * *", "2026-12-31T23:59:59Z", "2027-01-01T00:00"],
  ["0 0 29 2 *", "2026-11-21T00:00:00Z", "2028-02-29T00:00"],
  ["0 0 13 * 5", "2026-11-21T00:00:00Z", "2026-11-27T00:00"],
  ["0 12 * * 7", "2026-11-21T00:00:00Z", "2026-11-22T12:00"],
  ["5-59/20 0 * * *", "2026-11-21T00:06:00Z", "2026-11-21T00:25"],
  ["0 9/6 * * *", "2026-11-21T10:00:00Z", "2026-11-21T15:00"],
])("%s after %s", (cron, time, next) => {
  expect(after(cron, time)).toBe(next);
});

test("a duration ticks at its multiples", () => {
  expect(nextTick(repeatPlan("10s"), 20_000)).toBe(30_000);
  expect(nextTick(repeatPlan(250), 20_001)).toBe(20_250);
});

test.each([
  "",
  "* * * *",
  "60 * * * *",
  "* 24 * * *",
  "* * 0 * *",
  "* * * 13 *",
  "* * * * 8",
  "5-2 * * * *",
  "*/0 * * * *",
  "0 0 30 2 *",
  "a * * * *",
])("%j is refused", (cron) => {
  expect(() => repeatPlan({ cron })).toThrow(/^the schedule/);
});

test("so is a duration of nothing", () => {
  expect(() => repeatPlan(0)).toThrow(/^every/);
});
