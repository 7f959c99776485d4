/** When a service is ready: every cache answers. Bounded, as one broken cache must not hide the others. */
import type { ManagementClient } from "@larder/api/management-client";
import type { RedisResource } from "@larder/api/redis-resource";
import { pollDelayMs } from "@larder/api/rest-calls";
import type { Clock } from "../clock.ts";

export const readinessWaitMsMax = 10_000;

export interface Readiness {
  caches: RedisResource[];
  /** Those that did not become available in time. */
  unavailable: RedisResource[];
}

export async function waitForCaches(client: Pick<ManagementClient, "listCaches">, clock: Clock): Promise<Readiness> {
  const giveUpMs = clock.monotonicMs() + readinessWaitMsMax;
  for (let attempt = 0; ; attempt++) {
    const caches = await client.listCaches();
    const unavailable = caches.filter(isMissing);
    if (unavailable.length === 0 || clock.monotonicMs() >= giveUpMs) return { caches, unavailable };
    await clock.sleep(pollDelayMs(attempt));
  }
}

function isMissing({ properties }: RedisResource): boolean {
  return properties.provisioningState !== "Deleting" && properties.larder.state !== "available";
}
