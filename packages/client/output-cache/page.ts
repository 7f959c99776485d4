/**
 * What is kept under a page's key, and how fresh it is. All times are the server's, so that the processes that share it agree.
 *
 *   page    a whole response: its head, its body as it was rendered
 *   varies  the response depends on more headers: look again under a key with these
 *   pass    it must not be kept: leave it to the handler for a while, without waiting for each other
 */
import type { HeaderList } from "./http/header-list.ts";
import type { Lifetimes } from "./response-decision.ts";

export interface Page extends Lifetimes {
  kind: "page";
  status: number;
  /** With `etag` and `date`; without what is of one connection or computed for each answer. */
  headers: HeaderList;
  body: Uint8Array;
  /** Of the body: names its other codings. */
  digest: string;
  storedAtMs: number;
}

export interface Varies {
  kind: "varies";
  on: readonly string[];
}

export interface Pass {
  kind: "pass";
  why: string;
  storedAtMs: number;
  freshMs: number;
}

export type Stored = Page | Varies | Pass;

export type Freshness =
  | "fresh"
  /** May be served; to be rendered anew meanwhile. */
  | "stale while it is revalidated"
  /** May be served if it cannot be rendered anew. */
  | "stale if that fails"
  | "expired";

/** In the sense of Age. An estimate of the server's time may run behind by a little. */
export function ageMsOf(page: Page, nowMs: number): number {
  return page.ageMs + Math.max(0, nowMs - page.storedAtMs);
}

export function freshnessOf(page: Page, nowMs: number): Freshness {
  const staleForMs = nowMs - page.storedAtMs - page.freshMs;
  if (staleForMs < 0) return "fresh";
  if (staleForMs < page.staleWhileRevalidateMs) return "stale while it is revalidated";
  return staleForMs < page.staleIfErrorMs ? "stale if that fails" : "expired";
}
