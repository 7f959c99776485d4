import { expect, test } from "bun:test";
import type { Clock } from "./clock.ts";
import { addressGroup, FailedAttempts } from "./failed-attempts.ts";

let nowMs = 0;
const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, sleep: async () => {} };

test("after so many failures the rest of the window is waited for", () => {
  const attempts = new FailedAttempts({ failuresMax: 3, windowMs: 1_000, keysMax: 10 }, clock);
  attempts.failed("one");
  nowMs = 400;
  attempts.failed("one");
  expect(attempts.waitMs("one")).toBe(0);
  attempts.failed("one");
  expect(attempts.waitMs("one")).toBe(600);
  expect(attempts.waitMs("other")).toBe(0);
  nowMs = 1_000;
  expect(attempts.waitMs("one")).toBe(0);
  attempts.failed("one");
  expect(attempts.waitMs("one")).toBe(0);
});

test("no more are counted than there may be", () => {
  const attempts = new FailedAttempts({ failuresMax: 1, windowMs: 1_000, keysMax: 2 }, clock);
  for (const key of ["a", "b", "c"]) attempts.failed(key);
  expect(["a", "b", "c"].map((key) => attempts.waitMs(key) > 0)).toEqual([false, true, true]);
});

test("an IPv6 customer is one, however it writes itself", () => {
  expect(addressGroup("10.0.0.7")).toBe("10.0.0.7");
  expect(addressGroup("::ffff:10.0.0.7")).toBe("10.0.0.7");
  expect(addressGroup("2001:DB8:1:2:3:4:5:6")).toBe("2001:db8:1:2::/64");
  expect(addressGroup("2001:0db8:1:2::9")).toBe("2001:db8:1:2::/64");
  expect(addressGroup("2001:db8::5:6:7:8:9")).toBe(addressGroup("2001:db8:0:5::"));
  expect(addressGroup("::1")).toBe("0:0:0:0::/64");
  expect(addressGroup("fe80::1%eth0")).toBe("fe80:0:0:0::/64");
  expect(addressGroup("64:ff9b::10.0.0.1")).toBe("64:ff9b:0:0::/64");
  expect(addressGroup("")).toBe("");
});
