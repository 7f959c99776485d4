/** How an operation ends that awaits a change of access: seen when it is polled, from what engines and gateways say then. */
import type { Caches } from "../caches/caches.ts";
import type { Problem } from "../documents/cache-document.ts";
import type { AwaitedAccess } from "../documents/operation-document.ts";
import type { Observations } from "../reconcile/observations.ts";
import type { Published } from "../reconcile/published.ts";
import type { Store } from "../store/store.ts";
import { AccessStanding } from "./access-standing.ts";

export interface AccessObserved {
  store: Store;
  caches: Pick<Caches, "find">;
  observations: Observations;
  published: Published;
}

/** Waits for the end until the signal aborts; then undefined. */
export async function accessEnd(
  { cache: name, accessGeneration, policyName }: AwaitedAccess,
  seen: AccessObserved,
  signal: AbortSignal,
): Promise<{ error: Problem | null } | undefined> {
  const stored = await seen.caches.find(name);
  // A new cache of the name begins anew.
  if (stored === undefined || stored.value.removal !== null || stored.value.access.generation < accessGeneration)
    return { error: { code: "ResourceNotFound", message: `The cache '${name}' was deleted meanwhile.` } };
  await seen.published.refresh();
  let standing = new AccessStanding(stored, seen);
  while (!standing.hasArrived(accessGeneration) && !signal.aborted) {
    await seen.observations.nextChange(signal);
    standing = new AccessStanding(stored, seen);
  }
  if (!standing.hasArrived(accessGeneration)) return undefined;
  const refusal = policyName === null ? undefined : standing.refusalOf(policyName);
  return { error: refusal === undefined ? null : { code: "InvalidParameter", message: refusal } };
}
