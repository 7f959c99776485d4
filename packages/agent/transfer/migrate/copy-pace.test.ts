import { expect, test } from "bun:test";
import { type Clock, systemClock } from "@larder/service";
import { CopyPace } from "./copy-pace.ts";
import { migrationLimits } from "./migration-limits.ts";

let nowMs = 0;
const clock: Clock = { ...systemClock, monotonicMs: () => nowMs };

/** How long it takes to take so much in pieces. */
function takesMs(pace: CopyPace, bytes: number, pieceBytes = 64 * 1024): number {
  const beganMs = nowMs;
  for (let taken = 0; taken < bytes; taken += pieceBytes) nowMs += pace.waitMs(pieceBytes);
  return nowMs - beganMs;
}

test("a rate is kept, after a pause too", () => {
  const pace = new CopyPace(10_000_000, clock);
  expect(takesMs(pace, 10_000_000)).toBeWithin(950, 1_050);
  nowMs += 60_000;
  expect(takesMs(pace, 10_000_000)).toBeWithin(900, 1_050);
});

test("as fast as it comes is not waited for, whatever the source answers", () => {
  const pace = new CopyPace("full", clock);
  pace.answered(1_000, 1);
  expect(takesMs(pace, 1e9)).toBe(0);
});

test("by itself it is slower when the source answers late, down to a bound, and faster again", () => {
  const pace = new CopyPace("auto", clock);
  pace.answered(10, 1);
  expect(pace.bytesPerSecond).toBeLessThan(migrationLimits.copyBytesPerSecondFirst);
  for (let answer = 0; answer < 100; answer++) pace.answered(10, 1);
  expect(pace.bytesPerSecond).toBe(migrationLimits.copyBytesPerSecondMin);
  for (let answer = 0; answer < 200; answer++) pace.answered(1.2, 1);
  expect(pace.bytesPerSecond).toBe(migrationLimits.copyBytesPerSecondMax);
});

test("a rate that was asked for does not change", () => {
  const pace = new CopyPace(5_000_000, clock);
  for (let answer = 0; answer < 10; answer++) pace.answered(10, 1);
  expect(pace.bytesPerSecond).toBe(5_000_000);
});
