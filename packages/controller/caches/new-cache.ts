/** The document of a cache that nothing has happened to yet. Pure. */
import { noAccess } from "../documents/cache-access.ts";
import type { CacheDocument } from "../documents/cache-document.ts";
import type { NewCache } from "./cache-changes.ts";
import type { Place } from "./caches.ts";

/** What it was given for life, and the change that makes it. */
type Given = Pick<CacheDocument, "cacheId" | "nodes" | "keys" | "enginePasswords" | "ports" | "change">;

export function newCacheDocument(
  { subscription, resourceGroup, name, provider = "redis" }: Place,
  { location, tags, settings, pausesUpdates = false, patchSchedule = [] }: Omit<NewCache, "port">,
  given: Given,
): CacheDocument {
  return {
    subscription,
    resourceGroup,
    name,
    provider,
    location,
    tags,
    settings,
    ...given,
    leader: null,
    access: noAccess,
    version: 1,
    generation: 1,
    settledGeneration: 0,
    failure: null,
    route: { epoch: 1, node: null, readNodes: [] },
    move: null,
    intake: null,
    moveTrouble: null,
    outage: null,
    relieve: null,
    update: { startNow: false, paused: pausesUpdates, stopped: null },
    persistenceTold: null,
    patchSchedule,
    eventNumber: 0,
    removal: null,
  };
}
