/** Takes away the oldest events of caches that have many. */
import { eventsPrefix } from "../documents/document-keys.ts";
import type { Store } from "../store/store.ts";

/** Events that are kept of each cache. */
export const eventsKeptMax = 1_000;

export async function pruneEvents(store: Store): Promise<void> {
  const { documents } = await store.list(eventsPrefix);
  const keys = Map.groupBy(
    documents.map(({ key }) => key),
    (key) => key.slice(0, key.lastIndexOf("/")),
  );
  const old = [...keys.values()].flatMap((ofOne) => ofOne.slice(0, -eventsKeptMax));
  if (old.length > 0) await store.transact({ delete: old });
}
