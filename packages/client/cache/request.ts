/** One key that is asked for, with what it takes to find, load and store it. */
import type { Counts } from "./counts.ts";
import { familyOf, nameOf } from "./names.ts";
import type { EntrySettings } from "./settings.ts";
import type { VersionSet } from "./versions/version-set.ts";

export interface Request {
  /** The key, written out. */
  text: string;
  /** In the server. */
  name: string;
  family: number;
  settings: EntrySettings;
  /** Called when the value is to come from a load that is not this call's. */
  onWait?: () => void;
}

export function requestFor(text: string, settings: EntrySettings, counts: Counts): Request {
  return { text, name: nameOf(text), family: counts.family(familyOf(text)), settings };
}

/** A value that counts. Times are the server's. */
export interface Found {
  value: unknown;
  valueBytes: number;
  storedAtMs: number;
  freshUntilMs: number;
  versions: VersionSet;
}

/** When a hit begins to load it anew, ahead of time. */
export function refreshAtMs({ storedAtMs, freshUntilMs }: Found, { refreshAhead }: EntrySettings): number {
  return storedAtMs + (freshUntilMs - storedAtMs) * refreshAhead;
}

export type Freshness = "fresh" | "refresh" | "stale" | "on error" | "over";

/** What may be done with a value of that age. Pure. */
export function freshnessOf(found: Found, settings: EntrySettings, nowMs: number): Freshness {
  if (nowMs < found.freshUntilMs)
    return nowMs < refreshAtMs(found, settings) || settings.refreshAhead === 1 ? "fresh" : "refresh";
  if (nowMs < found.freshUntilMs + settings.staleWhileRevalidateMs) return "stale";
  return nowMs < found.freshUntilMs + settings.staleIfErrorMs ? "on error" : "over";
}
