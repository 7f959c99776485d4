/**
 * Caches, clusters and roles that an older Larder has stored, as this one knows them: what has been added to their documents since has a
 * value that changes nothing. Done once, before anybody reads the store.
 */
import type { Store } from "../store/store.ts";
import { noAccess } from "./cache-access.ts";
import type { CacheDocument, CacheSettings } from "./cache-document.ts";
import { cacheKey, cachesPrefix, clusterKey, clustersPrefix, roleAssignmentsPrefix } from "./document-keys.ts";
import type { ClusterDocument } from "./enterprise-document.ts";
import type { RoleAssignmentDocument } from "./role-document.ts";

const addedSettings: Partial<CacheSettings> = {
  enterprise: null,
  disableAccessKeyAuthentication: false,
  publicNetworkAccess: "Enabled",
  zones: [],
  identity: { isSystemAssigned: false, userAssigned: [] },
};

const addedToClusters: Partial<ClusterDocument> = { maintenanceWindows: [] };

/** Safe to repeat. */
export async function completeDocuments(store: Store): Promise<void> {
  await completeCaches(store);
  await completeClusters(store);
  await completeRoles(store);
}

async function completeCaches(store: Store): Promise<void> {
  for (const { key, value, revision } of (await store.list<Partial<CacheDocument>>(cachesPrefix)).documents) {
    if (isComplete(value)) continue;
    const settings = { ...addedSettings, ...value.settings };
    await store.transact({
      require: [{ key, revision }],
      put: [{ key, value: { access: noAccess, ...value, settings } }],
    });
  }
}

async function completeClusters(store: Store): Promise<void> {
  for (const { key, value, revision } of (await store.list<Partial<ClusterDocument>>(clustersPrefix)).documents) {
    if (Object.keys(addedToClusters).every((name) => name in value)) continue;
    await store.transact({ require: [{ key, revision }], put: [{ key, value: { ...addedToClusters, ...value } }] });
  }
}

const onDatabase = /\/microsoft\.cache\/redisenterprise\/([^/]+)\/databases\//i;

/** A role on a cluster's database was about the cluster; without this it would end as one on a database that is gone. */
async function completeRoles(store: Store): Promise<void> {
  const { documents } = await store.list<RoleAssignmentDocument>(roleAssignmentsPrefix);
  for (const { key, value, revision } of documents) {
    const [, name] = onDatabase.exec(value.scope) ?? [];
    if (name === undefined) continue;
    const cluster = await store.get<ClusterDocument>(clusterKey(name));
    const database = await store.get<CacheDocument>(cacheKey(name));
    if (database === undefined || cluster?.value.clusterId !== value.resourceId) continue;
    const resourceId = database.value.cacheId;
    await store.transact({ require: [{ key, revision }], put: [{ key, value: { ...value, resourceId } }] });
  }
}

function isComplete({ access, settings }: Partial<CacheDocument>): boolean {
  return access !== undefined && Object.keys(addedSettings).every((name) => name in (settings ?? {}));
}
