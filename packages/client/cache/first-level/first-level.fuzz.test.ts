import { expect, test } from "bun:test";
import { VersionSet } from "../versions/version-set.ts";
import { FirstLevel, type Kept } from "./first-level.ts";

const versions = new VersionSet([], []);
const entry = (value: unknown, valueBytes = 100): Kept => ({
  value,
  valueBytes,
  calmUntilMs: 10,
  freshUntilMs: 20,
  versions,
  family: 0,
});
const valueIn = (level: FirstLevel, name: string) => {
  const index = level.indexOf(name);
  return index === undefined ? undefined : level.valueAt(index);
};

const seed = Number(process.env["LARDER_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
let state = seed;
const random = (below: number) => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

test("what was asked for stays, what was not goes", () => {
  const level = new FirstLevel(1_000);
  for (const name of ["a", "b", "c"]) level.set(name, entry(name), 0);
  expect(valueIn(level, "a")).toBe("a");
  level.set("d", entry("d"), 0);
  expect(["a", "b", "c", "d"].map((name) => valueIn(level, name))).toEqual(["a", undefined, "c", "d"]);
  expect(level.evictions).toBe(1);
});

test("an entry that is larger than all is not kept, and removes nothing but what it replaces", () => {
  const level = new FirstLevel(1_000);
  level.set("a", entry("a"), 0);
  level.set("b", entry("b"), 0);
  level.set("b", entry("large", 5_000), 0);
  expect(["a", "b"].map((name) => valueIn(level, name))).toEqual(["a", undefined]);
});

test("is calm for its time and its versions", () => {
  const level = new FirstLevel(1_000);
  level.set("a", entry("a"), 3);
  const index = level.indexOf("a") as number;
  expect([level.isCalm(index, 9, 3), level.isCalm(index, 10, 3), level.isCalm(index, 9, 4)]).toEqual([
    true,
    false,
    false,
  ]);
  level.expire("a", 5);
  expect([level.isCalm(index, 6, 3), level.freshUntilAt(index)]).toEqual([false, 5]);
});

test("times are right weeks after the start, too", () => {
  const level = new FirstLevel(1_000);
  const day = 86_400_000;
  for (const nowMs of [0, 40 * day, 49 * day, 60 * day, 200 * day]) {
    level.set("a", { ...entry("a"), calmUntilMs: nowMs + 10, freshUntilMs: nowMs + 30 * day }, 0);
    level.set("b", { ...entry("b"), calmUntilMs: nowMs + 10, freshUntilMs: nowMs + 20 }, 0);
    const index = level.indexOf("b") as number;
    expect([level.isCalm(index, nowMs + 9, 0), level.isCalm(index, nowMs + 10, 0)]).toEqual([true, false]);
    expect(level.freshUntilAt(index)).toBe(nowMs + 20);
  }
});

test(`against a map: never above its bytes, never another's value (seed ${seed})`, () => {
  const bytesMax = 50_000;
  const level = new FirstLevel(bytesMax);
  const model = new Map<string, unknown>();
  for (let step = 0; step < 20_000; step++) {
    const name = `key ${random(500)}`;
    const action = random(10);
    if (action < 4) {
      level.set(name, entry(step, random(400)), 0);
      model.set(name, step);
    } else if (action < 5) {
      level.delete(name);
      model.delete(name);
    } else if (action === 9 && random(500) === 0) {
      level.clear();
      model.clear();
    } else expect([undefined, model.get(name)]).toContain(valueIn(level, name));
    expect(level.bytes).toBeLessThanOrEqual(bytesMax);
  }
  const present = [...model.keys()].filter((name) => valueIn(level, name) === model.get(name));
  expect(level.count).toBe(present.length);
  expect(level.evictions).toBeGreaterThan(0);
});
