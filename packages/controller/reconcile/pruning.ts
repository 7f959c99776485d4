/** Takes away, every hour, documents that are kept for a while only. */
import type { Clock, Log } from "@larder/service";
import { pruneSignInArtifacts } from "../identity/sign-in-artifacts.ts";
import type { Store } from "../store/store.ts";
import { pruneTransfers } from "../transfers/transfer-pruner.ts";
import { pruneEvents } from "./event-pruner.ts";
import { pruneOperations } from "./operation-pruner.ts";

const everyMs = 3_600_000;

/** Prunes now and every hour until the signal aborts. */
export async function keepPruning(
  store: Store,
  context: { clock: Clock; log: Log; signal: AbortSignal },
): Promise<void> {
  const { clock, log, signal } = context;
  while (!signal.aborted) {
    for (const prune of [
      () => pruneOperations(store, clock.nowMs()),
      () => pruneEvents(store),
      () => pruneTransfers(store),
      () => pruneSignInArtifacts(store, clock.nowMs()),
    ])
      await prune().catch((error: unknown) => log.warn({ err: error }, "pruning failed"));
    await clock.sleep(everyMs, signal);
  }
}
