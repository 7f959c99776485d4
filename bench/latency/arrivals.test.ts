import { expect, test } from "bun:test";
import { median } from "../quantile.ts";
import { arrivalsMs } from "./arrivals.ts";

const plan = { requestsPerSecond: 20_000, seconds: 2, seed: 7 };

test("as many as the rate says, in order, within the time", () => {
  const times = arrivalsMs(plan);
  expect(Math.abs(times.length - 40_000)).toBeLessThan(5 * Math.sqrt(40_000));
  expect(times.every((time, index) => time >= (times[index - 1] ?? 0))).toBe(true);
  expect(times[0]).toBeGreaterThanOrEqual(0);
  expect(times.at(-1)).toBeLessThan(2_000);
});

test("gaps are exponential: their median is ln 2 of their mean", () => {
  const times = arrivalsMs(plan);
  const gaps = [...times.slice(1)].map((time, index) => time - (times[index] as number));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  expect(median(gaps) / mean).toBeCloseTo(Math.LN2, 1);
});

test("a seed gives one schedule, another seed another", () => {
  expect(arrivalsMs(plan)).toEqual(arrivalsMs(plan));
  expect(arrivalsMs(plan)[0]).not.toBe(arrivalsMs({ ...plan, seed: 8 })[0] as number);
});
