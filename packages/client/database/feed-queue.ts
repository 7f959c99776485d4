/**
 * Between a connection that brings changes when it likes and a follower that takes them when it can: neighbouring transactions leave as
 * one batch, and the connection is asked to pause while more than `changesMax` wait.
 */
import type { Anew, ChangeBatch, FeedItem, Progress, Waiting } from "./source.ts";

export interface FeedQueueOptions {
  /** More in one batch never leave together, and more that wait pause the connection. */
  changesMax: number;
  pause(): void;
  resume(): void;
  /** Resolves when a batch may leave. It counts as waiting until then. */
  ready?(batch: ChangeBatch): Promise<void>;
}

export class FeedQueue {
  readonly #options: FeedQueueOptions;
  #items: FeedItem[] = [];
  #waiting = 0;
  /** What leaves as soon as it is ready. */
  #leaving: FeedItem | undefined;
  #isPaused = false;
  #end: { error: unknown } | "closed" | undefined;
  #wake: (() => void) | undefined;

  constructor(options: FeedQueueOptions) {
    this.#options = options;
  }

  get waiting(): Waiting {
    const oldest = [this.#leaving, ...this.#items].find((item) => item?.kind === "changes");
    return { changes: this.#waiting, sinceMs: oldest?.kind === "changes" ? oldest.committedMs : undefined };
  }

  push(item: FeedItem): void {
    if (this.#end !== undefined) return;
    const merged = merge(this.#items.at(-1), item, this.#options.changesMax);
    if (merged === undefined) this.#items.push(item);
    else this.#items[this.#items.length - 1] = merged;
    if (item.kind === "changes") this.#waiting += item.changes.length;
    // Again with every item: others may have resumed the connection for reasons of theirs.
    if (this.#waiting > this.#options.changesMax) {
      this.#isPaused = true;
      this.#options.pause();
    }
    this.#wake?.();
  }

  /** Before everything that waits. */
  unshift(item: FeedItem): void {
    this.#items.unshift(item);
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
      else yield await this.#leave(item);
    }
  }

  async #leave(item: FeedItem): Promise<FeedItem> {
    if (item.kind !== "changes") return item;
    this.#leaving = item;
    await this.#options.ready?.(item);
    this.#leaving = undefined;
    this.#waiting -= item.changes.length;
    this.#resumeIfFew();
    return item;
  }

  #resumeIfFew(): void {
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
    ...last,
    changes: [...last.changes, ...next.changes],
    position: next.position,
    committedMs: Math.min(last.committedMs, next.committedMs),
    transactionIds: [...(last.transactionIds ?? []), ...(next.transactionIds ?? [])],
  };
}
