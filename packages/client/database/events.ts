/** What a follower tells while it runs. */
import type { MappingTrouble } from "./mapping.ts";

export type FollowEvent =
  /** Changes come from now on. */
  | { type: "following" }
  /** Another process follows; this one takes over when that ends. */
  | { type: "standing by" }
  /** Of one or more transactions; `lagMs` after the oldest of them was committed. */
  | { type: "invalidated"; changes: number; keys: number; tags: number; everything: boolean; lagMs: number }
  /** Changes may have been missed, so that all of the cache was cleared. */
  | { type: "cleared"; why: string }
  /** Mapping: the table's fallback was taken. The others: it is tried again. */
  | ({ type: "trouble"; what: "mapping" } & MappingTrouble)
  | { type: "trouble"; what: "database" | "cache" | "position"; error: unknown };

export type FollowListener = (event: FollowEvent) => void;

export class FollowListeners {
  readonly #listeners = new Set<FollowListener>();

  add(listener: FollowListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What a listener throws is its own affair: it never ends the following. */
  tell(event: FollowEvent): void {
    for (const listener of [...this.#listeners])
      try {
        listener(event);
      } catch {}
  }
}
