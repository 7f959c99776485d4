/** What the service was given at its first start, and the tags of its subscription. */
import type { Clock, Randomness } from "@larder/service";
import type { Store } from "../store/store.ts";
import { serviceKey } from "./document-keys.ts";

export interface ServiceDocument {
  subscription: string;
  /** The directory of its principals, as tools name it. */
  tenant: string;
  /** Of the controller that has the store; not there before the first that knew of lives. */
  life?: number;
  /** Not there before the first. */
  tags?: Record<string, string>;
}

export async function ensureServiceDocument(store: Store, randomness: Randomness): Promise<ServiceDocument> {
  const found = await store.get<Partial<ServiceDocument>>(serviceKey);
  const made: ServiceDocument = { subscription: randomness.uuid(), tenant: randomness.uuid(), ...found?.value };
  if (found?.value.subscription !== undefined && found.value.tenant !== undefined) return made;
  await store.transact({
    require: [{ key: serviceKey, revision: found?.revision ?? 0 }],
    put: [{ key: serviceKey, value: made }],
  });
  return made;
}

/**
 * A life of the controller begins: its number, which is higher than all before it. Where the store was put back from a copy that does not
 * know of the last ones, it is by the clock.
 */
export async function beginLife(store: Store, clock: Clock): Promise<number> {
  const stored = await store.get<ServiceDocument>(serviceKey);
  const life = Math.max((stored?.value.life ?? 0) + 1, clock.nowMs());
  await store.transact({ put: [{ key: serviceKey, value: { ...stored?.value, life } }] });
  return life;
}

/** Returns the subscription's tags as they are then; undefined where others changed the document at the same moment. */
export async function retagService(
  store: Store,
  change: (tags: Record<string, string>) => Record<string, string>,
): Promise<Record<string, string> | undefined> {
  const stored = await store.get<ServiceDocument>(serviceKey);
  if (stored === undefined) return undefined;
  const tags = change(stored.value.tags ?? {});
  const outcome = await store.transact({
    require: [{ key: serviceKey, revision: stored.revision }],
    put: [{ key: serviceKey, value: { ...stored.value, tags } }],
  });
  return outcome.committed ? tags : undefined;
}
