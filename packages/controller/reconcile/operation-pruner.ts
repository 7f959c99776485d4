/** Takes away operations a day after their end. */
import { operationsPrefix } from "../documents/document-keys.ts";
import type { OperationDocument } from "../documents/operation-document.ts";
import type { Store } from "../store/store.ts";

const keptMs = 24 * 3_600_000;

export async function pruneOperations(store: Store, nowMs: number): Promise<void> {
  const { documents } = await store.list<OperationDocument>(operationsPrefix);
  const old = documents.filter(({ value }) => value.endMs !== null && value.endMs + keptMs < nowMs);
  if (old.length > 0) await store.transact({ delete: old.map((document) => document.key) });
}
