/** Clusters while something else happens between what a command reads and what it writes. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, systemRandomness } from "@larder/service";
import type { Caches } from "../caches/caches.ts";
import { cacheFixture } from "../documents/cache-fixture.ts";
import { cacheKey, clusterKey } from "../documents/document-keys.ts";
import type { ClusterDocument } from "../documents/enterprise-document.ts";
import { boxFixture } from "../store/box-fixture.ts";
import { SqliteStore } from "../store/sqlite-store.ts";
import { newCluster } from "./cluster-rules.ts";
import { Clusters } from "./clusters.ts";

const place = { subscription: "sub", resourceGroup: "default", name: "shop" };
const asked = {
  location: "local",
  sku: { name: "Balanced_B1" },
  properties: { publicNetworkAccess: "Enabled" },
} as const;
let directory: string;
let store: SqliteStore;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "larder-clusters-"));
  store = SqliteStore.open(join(directory, "store.db"), boxFixture());
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

test("a cluster whose database is made at the same moment does not change without it", async () => {
  const value = newCluster({ ...place, clusterId: "1" }, asked);
  await store.transact({ put: [{ key: clusterKey(place.name), value }] });
  const database = { key: cacheKey(place.name), value: cacheFixture({ provider: "enterprise" }) };
  // It is made behind the look that the command takes at it.
  const caches = {
    find: async () => {
      await store.transact({ put: [database] });
      return undefined;
    },
  } as unknown as Caches;
  const options = { store, caches, clock: systemClock, randomness: systemRandomness, coverLocation: async () => {} };
  await expect(new Clusters(options).patch(place, { sku: { name: "Balanced_B3" } }, () => {})).rejects.toThrow(
    "try again",
  );
  const kept = await store.get<ClusterDocument>(clusterKey(place.name));
  expect(kept?.value.sku).toEqual({ name: "Balanced_B1" });
});
