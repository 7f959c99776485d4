import { describe, expect, test } from "bun:test";
import { type AgentReport, type EngineKind, LarderError } from "@larder/api";
import type { CacheDocument } from "../documents/cache-document.ts";
import { cacheFixture } from "../documents/cache-fixture.ts";
import { placeCache } from "./capacity.ts";

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;

function host(
  hostId: string,
  memoryBytesTotal: number,
  engines: [EngineKind, number | null][] = [["native", null]],
): AgentReport {
  const found = engines.map(([kind, memoryBytesMax]) => ({
    name: "valkey" as const,
    version: "8.0.1",
    kind,
    path: "/e",
    memoryBytesMax,
  }));
  return { hostId, memoryBytesTotal, engines: found, engineKind: "auto", nodes: [] };
}

function cache(capacity: number, changes: Partial<CacheDocument> = {}): CacheDocument {
  const settings = { ...cacheFixture().settings, sku: { name: "Basic" as const, family: "C" as const, capacity } };
  return cacheFixture({ settings, cacheId: `${capacity}` as CacheDocument["cacheId"], ...changes });
}

function refusal(run: () => unknown): LarderError {
  try {
    run();
  } catch (error) {
    if (error instanceof LarderError) return error;
  }
  throw new Error("was placed");
}

test("a cache goes to the host with the most room", () => {
  expect(placeCache(cache(1), [], [host("a", 4 * GiB), host("b", 8 * GiB)])).toBe("b");
  expect(placeCache(cache(1), [cache(3, { hostId: "b" })], [host("a", 4 * GiB), host("b", 8 * GiB)])).toBe("a");
});

test("a tenth of the host, and half a GiB at least, is kept", () => {
  expect(placeCache(cache(0), [], [host("a", 762 * MiB)])).toBe("a");
  expect(refusal(() => placeCache(cache(0), [], [host("a", 761 * MiB)])).code).toBe("InsufficientCapacity");
});

describe("a refusal has the figures", () => {
  test("of what is asked, free, there and in use", () => {
    const { message, target } = refusal(() =>
      placeCache(cache(2), [cache(1, { hostId: "a" }), cache(0, { hostId: "a" })], [host("a", 4 * GiB)]),
    );
    expect(message).toBe(
      "No host has room for Basic C2 (2560 MB); 2310 MB of 4096 MB are free: caches have 1274 MB, and 512 MB are kept for the system.",
    );
    expect(target).toBe("properties.sku.capacity");
  });

  test("of what the embedded engine can serve", () => {
    const report = host("a", 64 * GiB, [["embedded", 512 * MiB]]);
    const { code, message } = refusal(() => placeCache(cache(1), [], [report]));
    expect(code).toBe("InsufficientCapacity");
    expect(message).toContain("at most 512 MB");
  });
});

test("a native engine is what counts where there is one", () => {
  expect(
    placeCache(
      cache(1),
      [],
      [
        host("a", 64 * GiB, [
          ["embedded", 512 * MiB],
          ["native", null],
        ]),
      ],
    ),
  ).toBe("a");
});

test("a host without an engine that it may use has none", () => {
  expect(refusal(() => placeCache(cache(0), [], [host("a", 64 * GiB, [])])).code).toBe("EngineNotAvailable");
  const nativeOnly = { ...host("a", 64 * GiB, [["embedded", null]]), engineKind: "native" as const };
  expect(refusal(() => placeCache(cache(0), [], [nativeOnly])).message).toBe("No native engine was found on the host.");
});
