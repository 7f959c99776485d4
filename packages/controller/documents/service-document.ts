/** What the service was given at its first start. */
import type { Randomness } from "@larder/service";
import type { Store } from "../store/store.ts";
import { serviceKey } from "./document-keys.ts";

export interface ServiceDocument {
  subscription: string;
}

export async function ensureServiceDocument(store: Store, randomness: Randomness): Promise<ServiceDocument> {
  const found = await store.get<ServiceDocument>(serviceKey);
  if (found !== undefined) return found.value;
  const made: ServiceDocument = { subscription: randomness.uuid() };
  await store.transact({ require: [{ key: serviceKey, revision: 0 }], put: [{ key: serviceKey, value: made }] });
  return made;
}
