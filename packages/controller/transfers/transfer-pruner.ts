/** Takes away the oldest transfers that are over, of caches that have many. */
import { transfersOverPrefix } from "../documents/document-keys.ts";
import { inOrder, type TransferDocument } from "../documents/transfer-document.ts";
import type { Store } from "../store/store.ts";

/** Transfers of each cache that stay readable when they are over. */
export const transfersKeptMax = 100;

export async function pruneTransfers(store: Store): Promise<void> {
  const { documents } = await store.list<TransferDocument>(transfersOverPrefix);
  const ofCaches = Map.groupBy(documents, ({ value }) => value.cacheId);
  const old = [...ofCaches.values()].flatMap((ofOne) =>
    ofOne.sort((a, b) => inOrder(a.value, b.value)).slice(0, -transfersKeptMax),
  );
  if (old.length > 0) await store.transact({ delete: old.map(({ key }) => key) });
}
