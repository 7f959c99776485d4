import { describe, expect, test } from "bun:test";
import { settingsOfPatch } from "../caches/cache-rules.ts";
import { withPersistedSince } from "../caches/persistence-rules.ts";
import type { CacheSettings } from "./cache-document.ts";
import { cacheFixture } from "./cache-fixture.ts";
import { derivePersistence, withHiddenSecrets } from "./persistence.ts";

const connectionString =
  "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net";
const premium: CacheSettings = {
  ...cacheFixture().settings,
  sku: { name: "Premium", family: "P", capacity: 1 },
  replicas: 1,
};
const patched = (redisConfiguration: Record<string, string>, current = premium) =>
  settingsOfPatch({ redisConfiguration }, current);

describe("the keys of persistence", () => {
  test("are for Premium caches, and exclude each other", () => {
    const basic = cacheFixture().settings;
    expect(() => settingsOfPatch({ redisConfiguration: { "rdb-backup-enabled": "true" } }, basic)).toThrow("Premium");
    expect(() => patched({ "rdb-backup-enabled": "true", "aof-backup-enabled": "true" })).toThrow("not both");
  });

  test("to turn persistence off takes its storage back, which may not be named without it", () => {
    const persistTo = { url: "file:///kept", credentials: null };
    const enabled = patched({ "rdb-backup-enabled": "true" });
    const on = settingsOfPatch({ larder: { persistTo } }, enabled);
    expect(on.persistTo).toEqual(persistTo);
    expect(patched({ "rdb-backup-frequency": "60" }, on).persistTo).toEqual(persistTo);
    expect(patched({ "rdb-backup-enabled": "false" }, on).persistTo).toBeNull();
    expect(() => settingsOfPatch({ larder: { persistTo } }, premium)).toThrow("persistTo");
  });

  test("a connection string is shown without its key, and what was shown stands for it", () => {
    const on = patched({ "rdb-backup-enabled": "true", "rdb-storage-connection-string": connectionString });
    const shown = withHiddenSecrets(on.redisConfiguration);
    expect(JSON.stringify(shown)).not.toContain("c2VjcmV0");
    expect(shown["rdb-storage-connection-string"]).toContain("AccountKey=[key hidden]");
    expect(patched(shown, on).redisConfiguration).toEqual(on.redisConfiguration);
    expect(() => patched(shown)).toThrow("has its key hidden");
    const oddOnes = [
      "AccountName=a,AccountKey=c2VjcmV0",
      "BlobEndpoint=https://a.example/?sv=1&sig=c2VjcmV0;AccountName=a",
    ];
    for (const odd of oddOnes)
      expect(withHiddenSecrets({ "rdb-storage-connection-string": odd })).not.toMatchObject({
        "rdb-storage-connection-string": expect.stringContaining("c2VjcmV0"),
      });
  });

  test("what is kept since when, and what becomes of it", () => {
    const on = withPersistedSince(patched({ "rdb-backup-enabled": "true", "rdb-backup-frequency": "30" }), premium, 5);
    const changed = withPersistedSince(patched({ "rdb-backup-frequency": "60" }, on), on, 9);
    const off = withPersistedSince(patched({ "rdb-backup-enabled": "false" }, changed), changed, 10);
    expect([on, changed, off].map(({ persistedSinceMs }) => persistedSinceMs)).toEqual([5, 5, null]);
    const specs = [on, changed, off].map((settings) => derivePersistence(cacheFixture({ settings })));
    expect(specs[0]).toMatchObject({
      sinceMs: 5,
      snapshotEveryMs: 1_800_000,
      hasAof: false,
      copyTo: null,
      aofCopyEveryMs: null,
    });
    expect(specs[1]).toMatchObject({ snapshotEveryMs: 3_600_000 });
    expect(specs[2]).toBeNull();
  });

  test("a node may begin with a copy only where nobody leads, and there was somebody", () => {
    const settings = patched({ "aof-backup-enabled": "true", "aof-storage-connection-string-0": connectionString });
    const cache = cacheFixture({ settings });
    expect(derivePersistence(cache)).toMatchObject({ hasAof: true, snapshotEveryMs: null, aofCopyEveryMs: 10_000 });
    const led = { nodeId: cache.nodes[0]!.nodeId, epoch: 1, firstEpoch: 1, runId: "r", endedAtMs: null };
    const leader = { ...led, address: { host: "127.0.0.1", port: 1 } };
    const route = { ...cache.route, epoch: 2 };
    const takesCopy = (changes: Parameters<typeof cacheFixture>[0]) =>
      derivePersistence({ ...cache, ...changes })?.takesCopy;
    expect(takesCopy({})).toBe(false);
    expect(takesCopy({ route })).toBe(true);
    expect(takesCopy({ route, leader })).toBe(false);
    expect(takesCopy({ route, leader: { ...leader, endedAtMs: 1 } })).toBe(true);
  });
});
