import { expect, test } from "bun:test";
import { parseCpuTicks, parseThreadTicks, sharesBetween } from "./usage.ts";

test("a CPU's busy ticks are those that are neither idle nor waiting for a disk", () => {
  const stat = "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 1 2 4 1000 2000 8 16 32 0 0\ncpu11 5 0 0 7 0 0 0 0 0 0\nintr 1 2\n";
  expect([...parseCpuTicks(stat)]).toEqual([
    [0, 63],
    [11, 5],
  ]);
});

test("a thread's name may hold blanks and parentheses", () => {
  expect(parseThreadTicks("7 (a) b (c) S 1 1 1 0 -1 4194560 1 0 0 0 30 12 0 0 20 0 1 0 5")).toBe(42);
});

test("shares are of one CPU's time, and what has ended counts nothing", () => {
  const before = { busy: new Map([[0, 100]]), own: 500 };
  const after = { busy: new Map([[0, 125]]), own: 510 };
  expect(sharesBetween(before, after, 500)).toEqual({ busy: new Map([[0, 0.5]]), own: 0.2 });
  expect(sharesBetween(before, { ...after, own: 20 }, 500).own).toBe(0);
});
