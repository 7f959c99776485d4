import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { boxFixture } from "../store/box-fixture.ts";
import { SqliteStore } from "../store/sqlite-store.ts";
import { cacheFixture } from "./cache-fixture.ts";
import { cacheKey, clusterKey } from "./document-keys.ts";
import { completeDocuments } from "./older-documents.ts";

test("caches and clusters of an older Larder have what was added since, and all that they had", async () => {
  const directory = mkdtempSync(join(tmpdir(), "larder-older-"));
  const store = SqliteStore.open(join(directory, "store.db"), boxFixture());
  const now = cacheFixture();
  const { access, ...older } = now;
  const { enterprise, disableAccessKeyAuthentication, publicNetworkAccess, zones, identity, ...settings } =
    now.settings;
  const key = cacheKey("shop");
  const cluster = { key: clusterKey("other"), value: { name: "other" } };
  await store.transact({ put: [{ key, value: { ...older, settings } }, cluster] });
  await completeDocuments(store);
  const first = await store.get(key);
  expect(first?.value).toEqual(now);
  expect((await store.get(cluster.key))?.value).toEqual({ name: "other", maintenanceWindows: [] });
  await completeDocuments(store);
  expect((await store.get(key))?.revision).toBe(first?.revision);
  await store.close();
  rmSync(directory, { recursive: true });
});
