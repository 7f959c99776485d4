import { expect, test } from "bun:test";
import { systemClock } from "../clock.ts";
import { Deadlines } from "./deadlines.ts";

test("hands on what comes in time, and ends what does not", async () => {
  const deadlines = new Deadlines(30, systemClock);
  const slow = deadlines.bound(new Promise(() => {}));
  expect(await deadlines.bound(Promise.resolve("in time"))).toBe("in time");
  expect(deadlines.bound(Promise.reject(new Error("its own")))).rejects.toThrow("its own");
  expect(slow).rejects.toMatchObject({ code: "TIMED_OUT" });
  await expect(slow).rejects.toThrow("No answer within 30 ms.");
});

test("none ends early because another has ended", async () => {
  let nowMs = 0;
  const deadlines = new Deadlines(20, { ...systemClock, monotonicMs: () => nowMs });
  const ends: string[] = [];
  const waits = ["first", "second"].map((name, index) => {
    nowMs = index * 15;
    return deadlines.bound(new Promise(() => {})).catch(() => ends.push(name));
  });
  nowMs = 21;
  await waits[0];
  expect(ends).toEqual(["first"]);
  nowMs = 36;
  await waits[1];
  expect(ends).toEqual(["first", "second"]);
});
