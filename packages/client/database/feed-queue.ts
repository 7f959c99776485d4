/**
 * Between a connection that brings changes when it likes and a follower that takes them when it can: neighbouring transactions leave as
 * one batch, and the connection is asked to pause while more than `changesMax` wait.
 */
import type { Anew, ChangeBatch, FeedItem, Progress } from "./source.ts";

export interface FeedQueueOptions {
  /** More in one batch never leave together, and more that wait pause the connection. */
  changesMax: number;
  pause(): void;
  resume(): void;
}

export class FeedQueue {
  readonly #options: FeedQueueOptions;
  #items: FeedItem[] = [];
  #waiting = 0;
  #isPaused = false;
  #end: { error: unknown } | "closed" | undefined;
  #wake: (() => void) | undefined;

  constructor(options: FeedQueueOptions) {
    this.#options = options;
  }

  /** How many changes wait. */
  get waiting(): number {
    return this.#waiting;
  }

  push(item: FeedItem): void {
    if (this.#end !== undefined) return;
    const merged = merge(this.#items.at(-1), item, this.#options.changesMax);
    if (merged === undefined) this.#items.push(item);
    else this.#items[this.#items.length - 1] = merged;
    if (item.kind === "changes") this.#waiting += item.changes.length;
    if (this.#waiting > this.#options.changesMax && !this.#isPaused) {
      this.#isPaused = true;
      this.#options.pause();
    }
    this.#wake?.();
  }

  /** What waits is dropped: it was not acknowledged, and comes again. */
  fail(error: unknown): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  close(): void {
    this.#end ??= "closed";
    this.#wake?.();
  }

  async *items(): AsyncGenerator<FeedItem, void, undefined> {
    for (;;) {
      if (this.#end === "closed") return;
      if (this.#end !== undefined) throw this.#end.error;
      const item = this.#items.shift();
      if (item === undefined) await this.#arrival();
      else {
        this.#left(item);
        yield item;
      }
    }
  }

  #left(item: FeedItem): void {
    if (item.kind !== "changes") return;
    this.#waiting -= item.changes.length;
    if (!this.#isPaused || this.#waiting > this.#options.changesMax / 2) return;
    this.#isPaused = false;
    this.#options.resume();
  }

  async #arrival(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
  }
}

/** One item for both, where that says the same. */
function merge(
  last: FeedItem | undefined,
  next: FeedItem,
  changesMax: number,
): ChangeBatch | Progress | Anew | undefined {
  if (last === undefined || next.kind === "anew" || last.kind === "anew") return undefined;
  if (last.kind === "progress") return next.kind === "progress" ? next : undefined;
  // A part of a transaction leaves as it is: its end has to be known as such.
  if (last.position === null) return undefined;
  if (next.kind === "progress") return { ...last, position: next.position };
  if (next.position === null || last.changes.length + next.changes.length > changesMax) return undefined;
  return {
    kind: "changes",
    changes: [...last.changes, ...next.changes],
    position: next.position,
    committedMs: Math.min(last.committedMs, next.committedMs),
    ...(last.isEarly === true || next.isEarly === true ? { isEarly: true } : {}),
  };
}
