/** What the handlers of the management API work with. */
import type { Clock, Log, Randomness } from "@larder/service";
import type { CacheActions } from "../caches/cache-actions.ts";
import type { Caches } from "../caches/caches.ts";
import type { ResourceGroups } from "../caches/resource-groups.ts";
import type { Observations } from "../reconcile/observations.ts";
import type { Published } from "../reconcile/published.ts";
import type { Store } from "../store/store.ts";

export interface ApiContext {
  store: Store;
  caches: Caches;
  actions: CacheActions;
  groups: ResourceGroups;
  observations: Observations;
  published: Published;
  clock: Clock;
  randomness: Randomness;
  log: Log;
  subscription: string;
  /** The administrator's bearer token. */
  token: string;
  domain: string;
  /** Where this machine's clients find a cache's own ports. */
  endpointHost: string;
  tlsPort: number;
}

/** Values that live for one request. */
export interface RequestVariables {
  requestId: string;
}
export type ApiEnvironment = { Variables: RequestVariables };
