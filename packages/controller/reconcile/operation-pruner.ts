/** Takes away operations a day after their end. */
import type { Clock, Log } from "@larder/service";
import { operationsPrefix } from "../documents/document-keys.ts";
import type { OperationDocument } from "../documents/operation-document.ts";
import type { Store } from "../store/store.ts";

const keptMs = 24 * 3_600_000;
const everyMs = 3_600_000;

export async function pruneOperations(store: Store, nowMs: number): Promise<void> {
  const { documents } = await store.list<OperationDocument>(operationsPrefix);
  const old = documents.filter(({ value }) => value.endMs !== null && value.endMs + keptMs < nowMs);
  if (old.length > 0) await store.transact({ delete: old.map((document) => document.key) });
}

/** Prunes now and every hour until the signal aborts. */
export async function keepPruning(
  store: Store,
  context: { clock: Clock; log: Log; signal: AbortSignal },
): Promise<void> {
  const { clock, log, signal } = context;
  while (!signal.aborted) {
    await pruneOperations(store, clock.nowMs()).catch((error: unknown) => log.warn({ err: error }, "pruning failed"));
    await clock.sleep(everyMs, signal);
  }
}
