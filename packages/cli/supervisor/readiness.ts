/** When a service is ready: every cache answers. Bounded, as one broken cache must not hide the others. */
import { pollDelayMs } from "@larder/api/rest-calls";
import type { AnyCache } from "../caches/any-cache.ts";
import type { Clock } from "../clock.ts";

export const readinessWaitMsMax = 10_000;

export interface Readiness {
  caches: AnyCache[];
  /** Those that did not become available in time. */
  unavailable: AnyCache[];
}

export async function waitForCaches(list: () => Promise<AnyCache[]>, clock: Clock): Promise<Readiness> {
  const giveUpMs = clock.monotonicMs() + readinessWaitMsMax;
  for (let attempt = 0; ; attempt++) {
    const caches = await list();
    const unavailable = caches.filter(isMissing);
    if (unavailable.length === 0 || clock.monotonicMs() >= giveUpMs) return { caches, unavailable };
    await clock.sleep(pollDelayMs(attempt));
  }
}

function isMissing({ provisioningState, larder }: AnyCache): boolean {
  return provisioningState !== "Deleting" && larder !== null && larder.state !== "available";
}
