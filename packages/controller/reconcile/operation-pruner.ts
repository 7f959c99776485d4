/** Takes away operations a day after their end; those that end only when somebody asks, a day after their beginning. */
import { operationsPrefix } from "../documents/document-keys.ts";
import type { OperationDocument } from "../documents/operation-document.ts";
import type { Store } from "../store/store.ts";

const keptMs = 24 * 3_600_000;

export async function pruneOperations(store: Store, nowMs: number): Promise<void> {
  const { documents } = await store.list<OperationDocument>(operationsPrefix);
  const old = documents.filter(({ value }) => (lastMs(value) ?? nowMs) + keptMs < nowMs);
  if (old.length > 0) await store.transact({ delete: old.map((document) => document.key) });
}

function lastMs({ startMs, endMs, awaits }: OperationDocument): number | null {
  return endMs ?? (awaits === undefined ? null : startMs);
}
