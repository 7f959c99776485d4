import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { boxFixture } from "../store/box-fixture.ts";
import { SqliteStore } from "../store/sqlite-store.ts";
import { cacheFixture } from "./cache-fixture.ts";
import { cacheKey, clusterKey, roleAssignmentKey } from "./document-keys.ts";
import { completeDocuments } from "./older-documents.ts";
import type { RoleAssignmentDocument } from "./role-document.ts";

let directory: string;
let store: SqliteStore;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "larder-older-"));
  store = SqliteStore.open(join(directory, "store.db"), boxFixture());
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

test("caches and clusters of an older Larder have what was added since, and all that they had", async () => {
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
});

test("a role on a database, which an older Larder held to be its cluster's, is the database's; that of a cluster that is gone is not", async () => {
  const place = { ...cacheFixture({ provider: "enterprise" }), name: "orders" };
  const scope =
    "/subscriptions/s/resourceGroups/web/providers/Microsoft.Cache/redisEnterprise/orders/databases/default";
  const roles = [
    { name: "a", scope, resourceId: "cluster" },
    { name: "b", scope, resourceId: "one before" },
    { name: "c", scope: scope.replace("/databases/default", ""), resourceId: "cluster" },
  ];
  await store.transact({
    put: [
      { key: cacheKey("orders"), value: place },
      { key: clusterKey("orders"), value: { name: "orders", clusterId: "cluster", maintenanceWindows: [] } },
      ...roles.map((value) => ({ key: roleAssignmentKey(value.name), value })),
    ],
  });
  await completeDocuments(store);
  const held = await Promise.all(roles.map(({ name }) => store.get<RoleAssignmentDocument>(roleAssignmentKey(name))));
  expect(held.map((stored) => stored?.value.resourceId)).toEqual([place.cacheId, "one before", "cluster"]);
});
