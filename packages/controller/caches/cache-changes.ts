/** What a command is to make of a cache, once the rules of the cache's provider have been applied. */
import type { CacheDocument, CacheSettings } from "../documents/cache-document.ts";
import type { Transaction } from "../store/store.ts";

/** What a new cache is to be. */
export interface NewCache {
  location: string;
  tags: Record<string, string>;
  settings: CacheSettings;
  /** The one that it is to have; otherwise any. Of a cache with both, that of TLS. */
  port?: number | undefined;
  pausesUpdates?: boolean | undefined;
  patchSchedule?: CacheDocument["patchSchedule"] | undefined;
}

/** What its owner may change. */
export type Changes = Partial<Pick<CacheDocument, "settings" | "tags" | "ports" | "update" | "patchSchedule">>;

/** What else is written in a command's transaction, and what must not have changed before it. */
export type Along = Required<Pick<Transaction, "require" | "put">>;

export const nothing: Along = { require: [], put: [] };
/** Of a cache whose owner does not wait for the schedule. */
export const startedUpdate: CacheDocument["update"] = { startNow: true, paused: false, stopped: null };
