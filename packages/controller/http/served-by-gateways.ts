/** Waits for gateways, so that what a caller is told is so when it is told. */
import type { CacheDocument } from "../documents/cache-document.ts";
import { observeCache } from "../reconcile/observe.ts";
import type { StoredDocument } from "../store/store.ts";
import type { ApiContext } from "./api-context.ts";

/** How long a caller waits; a gateway that is slower takes the change later. */
const gatewaysWaitMs = 2_000;

/** Resolves once every connected gateway serves the cache as it is stored, or after `gatewaysWaitMs`. */
export async function servedByGateways(
  stored: StoredDocument<CacheDocument>,
  { observations, published, clock }: Pick<ApiContext, "observations" | "published" | "clock">,
): Promise<void> {
  const isServed = () =>
    observeCache(stored, observations, published).gateways.every((gateway) => gateway.acknowledged);
  const enough = new AbortController();
  void clock.sleep(gatewaysWaitMs, enough.signal).then(() => enough.abort());
  await published.refresh();
  while (!isServed() && !enough.signal.aborted) await observations.nextChange(enough.signal);
  enough.abort();
}
