import { expect, test } from "bun:test";
import { isVisible, parseSnapshot } from "./visibility.ts";

test("visible: given before the snapshot, and not under way in it", () => {
  const snapshot = parseSnapshot("100:110:100,105");
  expect([99, 100, 101, 105, 109, 110, 111].filter((xid) => isVisible(xid, snapshot))).toEqual([99, 101, 109]);
  expect(isVisible(7, parseSnapshot("8:8:"))).toBe(true);
});

test("ids go round, and a snapshot's have an epoch", () => {
  const snapshot = parseSnapshot(`${2n ** 32n + 2n}:${2n ** 32n + 5n}:${2n ** 32n + 2n}`);
  expect([2 ** 32 - 1, 1, 2, 4, 5].filter((xid) => isVisible(xid, snapshot))).toEqual([2 ** 32 - 1, 1, 4]);
});
