import { expect, test } from "bun:test";
import { apart, type CpuShares, nextPlacement, type Placement } from "./placement.ts";

function shares(busy: readonly number[], own: number): CpuShares {
  return { busy: new Map(busy.map((share, cpu) => [cpu, share])), own };
}

function after(samples: number, placement: Placement, given: CpuShares): Placement {
  let next = placement;
  for (let sample = 0; sample < samples; sample++) next = nextPlacement(next, given);
  return next;
}

const idle = shares([0.3, 0.1], 0);
const together = after(10, apart, idle);
const settled = after(20, together, idle);

test("they come together on the idlest CPU", () => {
  expect(together.cpu).toBe(1);
});

test("one sample is not enough", () => {
  expect(nextPlacement(apart, idle).cpu).toBeNull();
});

test("they part when theirs is full and another has time to spare", () => {
  expect(after(3, settled, shares([0.1, 1], 1)).cpu).toBeNull();
});

test("they stay together when nobody has time to spare, and when theirs is not full", () => {
  expect(after(100, settled, shares([0.9, 1], 1)).cpu).toBe(1);
  expect(after(100, settled, shares([0, 0.8], 0.8)).cpu).toBe(1);
});

test("a state lasts for a while, whatever comes", () => {
  expect(after(5, together, shares([0.1, 1], 1)).cpu).toBe(1);
});

test("apart with much to do they stay so while there is room, and meet again when there is none, or little to do", () => {
  const parted = after(40, settled, shares([0.1, 1], 1));
  expect(parted.cpu).toBeNull();
  expect(after(100, parted, shares([0.5, 0.8], 1.3)).cpu).toBeNull();
  expect(after(100, parted, shares([0.75, 0.8], 0.9)).cpu).toBe(0);
  expect(after(100, parted, shares([0.3, 0.3], 0.6)).cpu).toBe(0);
});

test("without a CPU there is none to share", () => {
  expect(after(100, apart, shares([], 0)).cpu).toBeNull();
});
