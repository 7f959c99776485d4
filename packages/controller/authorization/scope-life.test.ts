/** Assignments on what is gone and made again before anybody could hear of its end. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog, systemClock, systemRandomness } from "@larder/service";
import { groupKey } from "../documents/document-keys.ts";
import { boxFixture } from "../store/box-fixture.ts";
import { SqliteStore } from "../store/sqlite-store.ts";
import { roleIds } from "./access-fixture.ts";
import { RoleIndex } from "./role-index.ts";
import { Roles } from "./roles.ts";
import { ScopeLife } from "./scope-life.ts";

let directory: string;
let store: SqliteStore;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "larder-scopes-"));
  store = SqliteStore.open(join(directory, "store.db"), boxFixture());
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

test("a group that is made again at once has nobody who had a role on the one before", async () => {
  const subscription = "sub";
  const index = new RoleIndex();
  const roles = new Roles({ store, index, subscription, clock: systemClock });
  const life = new ScopeLife({ store, index, roles, subscription, log: createLog("controller", "error") });
  const key = groupKey("web");
  const group = (groupId: string) => ({
    name: "web",
    subscription,
    location: "local",
    tags: {},
    removal: null,
    groupId,
  });
  await store.transact({ put: [{ key, value: group("1") }] });
  await life.start();
  const body = { principalId: "ada", principalType: "User", description: null } as const;
  const roleDefinitionId = `/providers/Microsoft.Authorization/roleDefinitions/${roleIds.reader}`;
  const scope = "/subscriptions/sub/resourceGroups/web";
  await roles.assign(scope, systemRandomness.uuid(), { ...body, roleDefinitionId }, "test");
  expect(index.assignments).toHaveLength(1);
  await Promise.all([store.transact({ delete: [key] }), store.transact({ put: [{ key, value: group("2") }] })]);
  while (index.assignments.length > 0) await systemClock.sleep(1);
  await life.stop();
});
