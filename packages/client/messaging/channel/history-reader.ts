/**
 * Reads of one channel's history, for all listeners of a process that fell behind. Those who wait when a read begins are served
 * by it together, however many they are and wherever in the page they stand; one read is on its way at a time. The last pages
 * are kept: who comes a moment later for the same asks nobody.
 *
 * A page answers only those who asked before it was read, so that its `last` may be compared with where they stand.
 */

import { untilAnswered } from "../retry.ts";
import { compareIds } from "./event-id.ts";
import { channelLimits } from "./limits.ts";
import type { Page } from "./stream-log.ts";

interface Waiter {
  after: string;
  onPage(page: Page): void;
}

export interface HistoryReaderOptions {
  read(after: string): Promise<Page>;
  onTrouble(error: unknown): void;
  signal: AbortSignal;
}

export class HistoryReader {
  readonly #options: HistoryReaderOptions;
  #waiters: Waiter[] = [];
  #kept: Page[] = [];
  #isReading = false;

  constructor(options: HistoryReaderOptions) {
    this.#options = options;
  }

  /** `onPage` is called later, never at once; not at all after the signal. What the server refuses is asked again. */
  read(after: string, onPage: (page: Page) => void): void {
    this.#waiters.push({ after, onPage });
    if (this.#isReading) return;
    this.#isReading = true;
    queueMicrotask(() => void this.#run());
  }

  /** The history is not what it was. */
  forget(): void {
    this.#kept = [];
  }

  async #run(): Promise<void> {
    while (this.#waiters.length > 0 && !this.#options.signal.aborted) {
      const waiting = this.#waiters.sort((a, b) => compareIds(a.after, b.after));
      this.#waiters = [];
      await this.#serve(waiting);
    }
    // In the same turn as the last look at who waits: nobody comes in between.
    this.#isReading = false;
  }

  async #serve(waiting: Waiter[]): Promise<void> {
    for (let served = 0; served < waiting.length; ) {
      const { after } = waiting[served] as Waiter;
      const page = this.#keptAfter(after) ?? (await this.#ask(after));
      if (page === undefined) return;
      const end = countServed(waiting, served, page);
      for (const waiter of waiting.slice(served, end)) waiter.onPage(page);
      served = end;
    }
  }

  /** Only one with something after `after` in it: where it ends says nothing about now. */
  #keptAfter(after: string): Page | undefined {
    return this.#kept.find((page) => compareIds(page.after, after) <= 0 && compareIds(endOf(page), after) > 0);
  }

  async #ask(after: string): Promise<Page | undefined> {
    const { read, signal, onTrouble } = this.#options;
    const page = await untilAnswered(() => read(after), {
      signal,
      onFailure: onTrouble,
      msMin: channelLimits.retryMsMin,
      msMax: channelLimits.retryMsMax,
    });
    if (page !== undefined && page.entries.length > 0)
      this.#kept = [page, ...this.#kept].slice(0, channelLimits.pagesKept);
    return page;
  }
}

function endOf(page: Page): string {
  return page.entries.at(-1)?.id ?? page.after;
}

/** Whoever stands within the page; all, when nothing came after it. The first is always served. */
function countServed(waiting: readonly Waiter[], from: number, page: Page): number {
  const end = endOf(page);
  let count = from + 1;
  while (count < waiting.length && (page.isComplete || compareIds((waiting[count] as Waiter).after, end) < 0)) count++;
  return count;
}
