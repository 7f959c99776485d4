import { describe, expect, test } from "bun:test";
import { type AgentReport, type EngineKind, LarderError } from "@larder/api";
import type { CacheDocument } from "../documents/cache-document.ts";
import { cacheFixture, nodeFixture } from "../documents/cache-fixture.ts";
import { limitsOf } from "../documents/derive.ts";
import { openHosts, placeNode, placeNodes, requireRoomForMore } from "./capacity.ts";

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
    hasTls: true,
  }));
  const host = { hostId, memoryBytesTotal, address: "127.0.0.1", zone: null, engineKind: "auto" } as const;
  return { ...host, stamp: null, engines: found, nodes: [], transfers: [] };
}

function on(hostId: string): CacheDocument["nodes"] {
  return [nodeFixture(`node-on-${hostId}`, hostId)];
}

function cache(capacity: number, changes: Partial<CacheDocument> = {}): CacheDocument {
  const settings = { ...cacheFixture().settings, sku: { name: "Basic" as const, family: "C" as const, capacity } };
  const made = cacheFixture({ settings, cacheId: `${capacity}` as CacheDocument["cacheId"], ...changes });
  return { ...made, nodes: made.nodes.map((node) => ({ ...node, memoryBytes: limitsOf(made).memoryBytes })) };
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
  expect(placeNodes(cache(1), [], [host("a", 4 * GiB), host("b", 8 * GiB)])).toEqual(["b"]);
  expect(placeNodes(cache(1), [cache(3, { nodes: on("b") })], [host("a", 4 * GiB), host("b", 8 * GiB)])).toEqual(["a"]);
});

describe("the nodes of one cache", () => {
  const replicated = (replicas: number) => {
    const settings = {
      ...cacheFixture().settings,
      sku: { name: "Premium" as const, family: "P" as const, capacity: 1 },
    };
    return cache(1, { settings: { ...settings, replicas } });
  };

  test("go to different hosts while there are such", () => {
    const hosts = [host("a", 64 * GiB), host("b", 16 * GiB), host("c", 8 * GiB)];
    expect(placeNodes(replicated(2), [], hosts)).toEqual(["a", "b", "c"]);
    expect(placeNodes(replicated(3), [], hosts)).toEqual(["a", "b", "c", "a"]);
  });

  test("go to different zones first, then to different hosts", () => {
    const zoned = (hostId: string, zone: string, memoryGiB: number) => ({ ...host(hostId, memoryGiB * GiB), zone });
    const hosts = [zoned("a1", "1", 64), zoned("a2", "1", 60), zoned("b", "2", 32), zoned("c", "3", 32)];
    expect(placeNodes(replicated(1), [], hosts)).toEqual(["a1", "b"]);
    expect(placeNodes(replicated(2), [], hosts)).toEqual(["a1", "b", "c"]);
    expect(placeNodes(replicated(3), [], hosts)).toEqual(["a1", "b", "c", "a2"]);
    expect(placeNodes(replicated(1), [], hosts.slice(0, 2))).toEqual(["a1", "a2"]);
  });

  test("stay in the zones that their owner chose", () => {
    const zoned = (hostId: string, zone: string | null) => ({ ...host(hostId, 64 * GiB), zone });
    const hosts = [zoned("a", "1"), zoned("b", "2"), zoned("c", "3"), zoned("d", null)];
    const chosen = (zones: string[]) => {
      const wanted = replicated(1);
      return { ...wanted, settings: { ...wanted.settings, zones } };
    };
    expect(placeNodes(chosen(["2", "3"]), [], hosts)).toEqual(["b", "c"]);
    expect(placeNodes(chosen(["3"]), [], hosts)).toEqual(["c", "c"]);
    expect(placeNode({ ...chosen(["2", "3"]), nodes: on("b") }, [], hosts, null)).toBe("c");
    const error = refusal(() => placeNodes(chosen(["3", "5"]), [], hosts));
    expect([error.target, error.message]).toEqual(["zones", "No host is in zone 5. Hosts are in 1, 2, 3."]);
  });

  test("that come later keep away from those that are there", () => {
    const hosts = [host("a", 64 * GiB), host("b", 16 * GiB), host("c", 32 * GiB)];
    const oneMore = (...there: string[]) => placeNode({ ...replicated(1), nodes: there.flatMap(on) }, [], hosts, null);
    expect(oneMore("a")).toBe("c");
    expect(oneMore("a", "c")).toBe("b");
    expect(oneMore("a", "b", "c")).toBe("a");
  });

  test("that come later all have room", () => {
    const wanted = { ...replicated(3), nodes: on("a") };
    const ask = (memoryGiB: number) => requireRoomForMore(wanted, [wanted], [host("a", memoryGiB * GiB)]);
    expect(refusal(() => ask(26)).code).toBe("InsufficientCapacity");
    expect(() => ask(27)).not.toThrow();
  });

  test("do not go to a host that is draining, however much room it has", () => {
    const hosts = [host("a", 64 * GiB), host("b", 16 * GiB), host("c", 8 * GiB)];
    expect(placeNodes(replicated(1), [], openHosts(hosts, new Set(["a"])))).toEqual(["b", "c"]);
    expect(refusal(() => openHosts(hosts, new Set(["a", "b", "c"]))).message).toContain("draining");
  });

  test("need an engine with TLS, which a single node does not", () => {
    const without = host("a", 64 * GiB);
    without.engines = without.engines.map((engine) => ({ ...engine, hasTls: false }));
    expect(placeNodes(replicated(0), [], [without])).toEqual(["a"]);
    expect(refusal(() => placeNodes(replicated(1), [], [without])).code).toBe("EngineNotAvailable");
    expect(placeNodes(replicated(1), [], [without, host("b", 64 * GiB)])).toEqual(["b", "b"]);
  });

  test("need room for each", () => {
    expect(placeNodes(replicated(1), [], [host("a", 16 * GiB)])).toEqual(["a", "a"]);
    expect(refusal(() => placeNodes(replicated(1), [], [host("a", 12 * GiB)])).code).toBe("InsufficientCapacity");
  });

  test("need an engine that can be copied", () => {
    const report = host("a", 64 * GiB, [["embedded", null]]);
    expect(refusal(() => placeNodes(replicated(1), [], [report])).message).toContain("needs a native one");
  });
});

test("a tenth of the host, and half a GiB at least, is kept", () => {
  expect(placeNodes(cache(0), [], [host("a", 762 * MiB)])).toEqual(["a"]);
  expect(refusal(() => placeNodes(cache(0), [], [host("a", 761 * MiB)])).code).toBe("InsufficientCapacity");
});

describe("a refusal has the figures", () => {
  test("of what is asked, free, there and in use", () => {
    const { message, target } = refusal(() =>
      placeNodes(cache(2), [cache(1, { nodes: on("a") }), cache(0, { nodes: on("a") })], [host("a", 4 * GiB)]),
    );
    expect(message).toBe(
      "No host has room for Basic C2 (2560 MB); 2310 MB of 4096 MB are free: caches have 1274 MB, and 512 MB are kept for the system.",
    );
    expect(target).toBe("properties.sku.capacity");
  });

  test("of what the embedded engine can serve", () => {
    const report = host("a", 64 * GiB, [["embedded", 512 * MiB]]);
    const { code, message } = refusal(() => placeNodes(cache(1), [], [report]));
    expect(code).toBe("InsufficientCapacity");
    expect(message).toContain("at most 512 MB");
  });
});

test("a native engine is what counts where there is one", () => {
  expect(
    placeNodes(
      cache(1),
      [],
      [
        host("a", 64 * GiB, [
          ["embedded", 512 * MiB],
          ["native", null],
        ]),
      ],
    ),
  ).toEqual(["a"]);
});

test("a host without an engine that it may use has none", () => {
  expect(refusal(() => placeNodes(cache(0), [], [host("a", 64 * GiB, [])])).code).toBe("EngineNotAvailable");
  const nativeOnly = { ...host("a", 64 * GiB, [["embedded", null]]), engineKind: "native" as const };
  expect(refusal(() => placeNodes(cache(0), [], [nativeOnly])).message).toBe("No native engine was found on the host.");
});

test("one more node of a cache whose engine its hosts no longer have is no question of room", () => {
  const { code, message } = refusal(() =>
    placeNode(cache(1, { nodes: on("a") }), [], [host("a", 8 * GiB)], { name: "valkey", version: "7.2.0" }),
  );
  expect(code).toBe("EngineNotAvailable");
  expect(message).toContain("valkey 7.2.0");
});
