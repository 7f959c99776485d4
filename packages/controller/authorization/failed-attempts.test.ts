import { expect, test } from "bun:test";
import { systemClock } from "@larder/service";
import { FailedAttempts, networkOf } from "./failed-attempts.ts";

test.each([
  ["10.0.0.1", "10.0.0.1"],
  ["::ffff:10.0.0.1", "10.0.0.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:DB8:01:2::6", "2001:db8:1:2"],
  ["::1", "0:0:0:0"],
  ["fe80::1%eth0", "fe80:0:0:0"],
  ["", ""],
])("%s is of %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test("after so many failures an address waits, until the window is over", () => {
  let nowMs = 1_000;
  const attempts = new FailedAttempts({ ...systemClock, monotonicMs: () => nowMs }, { failuresMax: 3 });
  for (let failure = 0; failure < 3; failure++) {
    expect(attempts.waitMs("2001:db8::1")).toBe(0);
    attempts.note("2001:db8::1");
  }
  nowMs += 10_000;
  expect(attempts.waitMs("2001:db8::2")).toBe(50_000);
  expect(attempts.waitMs("2001:db8:0:1::2")).toBe(0);
  nowMs += 50_000;
  expect(attempts.waitMs("2001:db8::2")).toBe(0);
  attempts.note("2001:db8::2");
  expect(attempts.waitMs("2001:db8::2")).toBe(0);
});

test("a storm from everywhere is forgotten from its beginning", () => {
  const attempts = new FailedAttempts(systemClock, { failuresMax: 1, failingAddressesMax: 2 });
  for (const address of ["10.0.0.1", "10.0.0.2", "10.0.0.3"]) attempts.note(address);
  expect(attempts.waitMs("10.0.0.1")).toBe(0);
  expect(attempts.waitMs("10.0.0.3")).toBeGreaterThan(0);
});
