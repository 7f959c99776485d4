import { expect, test } from "bun:test";
import { Breaker } from "./breaker.ts";

test("opens after so many failures in a row, and not before", () => {
  const breaker = new Breaker({ failures: 2, openMs: 100 });
  expect(breaker.failed(0)).toBe(false);
  expect(breaker.succeeded()).toBe(false);
  expect(breaker.failed(1)).toBe(false);
  expect(breaker.ask(1)).toBe("yes");
  expect(breaker.failed(2)).toBe(true);
  expect(breaker.ask(3)).toBe("no");
});

test("is tried once its time has passed, by one", () => {
  const breaker = new Breaker({ failures: 1, openMs: 100 });
  breaker.failed(0);
  expect([99, 100, 101].map((ms) => breaker.ask(ms))).toEqual(["no", "try", "no"]);
});

test("a trial that fails keeps it open for another while; one that succeeds closes it", () => {
  const breaker = new Breaker({ failures: 3, openMs: 100 });
  for (const ms of [0, 0, 0]) breaker.failed(ms);
  expect(breaker.ask(100)).toBe("try");
  expect(breaker.failed(110)).toBe(false);
  expect([209, 210].map((ms) => breaker.ask(ms))).toEqual(["no", "try"]);
  expect(breaker.succeeded()).toBe(true);
  expect(breaker.ask(211)).toBe("yes");
  expect(breaker.isOpen).toBe(false);
});

test("late failures of what was asked before it opened keep it open", () => {
  const breaker = new Breaker({ failures: 1, openMs: 100 });
  breaker.failed(0);
  expect(breaker.failed(50)).toBe(false);
  expect(breaker.ask(149)).toBe("no");
});
