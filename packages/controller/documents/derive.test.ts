import { expect, test } from "bun:test";
import { cacheFixture } from "./cache-fixture.ts";
import { deriveRoute } from "./derive.ts";

test.each([
  [true, 1, { replicas: 1, timeoutMs: 2_000 }],
  [true, 3, { replicas: 1, timeoutMs: 2_000 }],
  [true, 0, null],
  [false, 1, null],
])("durable writes %p with %d replicas", (durableWrites, replicas, expected) => {
  const { settings } = cacheFixture();
  const cache = cacheFixture({ settings: { ...settings, durableWrites, replicas } });
  expect(deriveRoute(cache, "larder.localhost")?.durableWrites).toEqual(expected);
});
