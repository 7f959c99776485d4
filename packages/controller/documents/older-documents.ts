/**
 * Caches that an older Larder has stored, as this one knows them: what has been added to a cache's document since has a value that
 * changes nothing. Done once, before anybody reads the store.
 */
import type { Store } from "../store/store.ts";
import { noAccess } from "./cache-access.ts";
import type { CacheDocument, CacheSettings } from "./cache-document.ts";
import { cachesPrefix } from "./document-keys.ts";

const addedSettings: Partial<CacheSettings> = {
  enterprise: null,
  disableAccessKeyAuthentication: false,
  publicNetworkAccess: "Enabled",
  zones: [],
  identity: { isSystemAssigned: false, userAssigned: [] },
};

/** Safe to repeat. */
export async function completeDocuments(store: Store): Promise<void> {
  for (const { key, value, revision } of (await store.list<Partial<CacheDocument>>(cachesPrefix)).documents) {
    if (isComplete(value)) continue;
    const settings = { ...addedSettings, ...value.settings };
    await store.transact({
      require: [{ key, revision }],
      put: [{ key, value: { access: noAccess, ...value, settings } }],
    });
  }
}

function isComplete({ access, settings }: Partial<CacheDocument>): boolean {
  return access !== undefined && Object.keys(addedSettings).every((name) => name in (settings ?? {}));
}
