import { expect, test } from "bun:test";
import type { AnyCache } from "./caches/any-cache.ts";
import { formatUnkept } from "./persistence-view.ts";
import { plainColors } from "./terminal.ts";

test("caches whose persistence fails are named, and no others", () => {
  const cache = (name: string, persistence: object | null) =>
    ({ name, larder: { persistence } }) as unknown as AnyCache;
  const problem = { code: "SnapshotFailed", message: "The disk is full." };
  const caches = [cache("bare", null), cache("shop", { problem }), cache("kept", { problem: null })];
  expect(formatUnkept(caches, plainColors)).toBe("shop is not kept: The disk is full.\n");
  expect(formatUnkept(caches.slice(0, 1), plainColors)).toBe("");
});
