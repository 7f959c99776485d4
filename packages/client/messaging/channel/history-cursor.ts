/**
 * Where one listener stands in a channel with a history. It takes from the process's ring while it keeps up, and from pages of the
 * history while it does not; both in the order of ids.
 *
 * The invariant: an entry is given out only when it names the last one that was given out as the one before it. Otherwise a gap is
 * told first. An entry whose id is not above the last one's is skipped. So nothing comes twice, out of order, or missing in silence,
 * whatever the sources hand over.
 */
import type { Delivery, Entry, Gap } from "./entry.ts";
import { beginning, compareIds } from "./event-id.ts";
import type { Cursor, From } from "./feed.ts";
import type { Ring } from "./ring.ts";
import type { Page } from "./stream-log.ts";

/** What a cursor asks of its feed. */
export interface CursorSource {
  readonly ring: Ring;
  /** Whether the ring's position is known. */
  readonly isOpen: boolean;
  read(after: string, onPage: (page: Page) => void): void;
  wake(cursor: HistoryCursor): void;
  leave(cursor: HistoryCursor): void;
}

export class HistoryCursor implements Cursor {
  readonly #source: CursorSource;
  /** In the ring: what has no id and came before is not for this listener. */
  readonly #begunAt: number;
  /** The last message given out; undefined: "now" is not known yet. */
  #after: string | undefined;
  /** Whatever comes first is right: it began at what there is. */
  #isAnyFirst: boolean;
  #gap: Gap | undefined;
  #page: Page | undefined;
  #index = 0;
  /** In the ring; undefined: it has to be found, or is not in the ring. */
  #place: number | undefined;
  #isReading = false;
  #isClosed = false;

  constructor(source: CursorSource, from: From) {
    this.#source = source;
    this.#begunAt = source.ring.end;
    this.#isAnyFirst = from === "beginning";
    if (from !== "now") this.#after = from === "beginning" ? beginning : from;
    else if (source.isOpen) this.beginAt(source.ring.position);
  }

  get position(): string | null {
    return this.#after ?? null;
  }

  /** "now" is after this message. */
  beginAt(id: string): void {
    if (this.#after !== undefined) return;
    this.#after = id;
    this.#place = this.#source.ring.end;
  }

  /** The server has lost what came after `id`. */
  rewind(id: string): void {
    this.#page = undefined;
    this.#place = undefined;
    if (this.#after !== undefined && compareIds(this.#after, id) > 0) this.#gap = this.#jump("lost", id);
  }

  take(): Delivery | null {
    if (this.#isClosed) return null;
    if (this.#gap !== undefined) return this.#takeGap(this.#gap);
    if (this.#after === undefined || !this.#source.isOpen) return null;
    const entry = this.#fromPage(this.#after) ?? this.#fromRing(this.#after);
    if (entry === undefined) return null;
    if (entry.id === null) {
      this.#place = (this.#place as number) + 1;
      return entry;
    }
    if (entry.previous !== this.#after && !this.#isAnyFirst) return this.#jump("trimmed", entry.previous as string);
    this.#isAnyFirst = false;
    this.#after = entry.id;
    if (this.#page !== undefined) this.#index++;
    else this.#place = (this.#place as number) + 1;
    return entry;
  }

  close(): void {
    this.#isClosed = true;
    this.#page = undefined;
    this.#source.leave(this);
  }

  #takeGap(gap: Gap): Gap {
    this.#gap = undefined;
    return gap;
  }

  /** Goes on after `id`, and says that something may be missing before. */
  #jump(reason: Gap["reason"], id: string): Gap {
    const gap: Gap = { type: "gap", reason, after: this.#after ?? null, id };
    this.#after = id;
    return gap;
  }

  #fromPage(after: string): Entry | undefined {
    for (; this.#page !== undefined; this.#index++) {
      const entry = this.#page.entries[this.#index];
      if (entry === undefined) this.#page = undefined;
      else if (compareIds(entry.id as string, after) > 0) return entry;
    }
    return undefined;
  }

  #fromRing(after: string): Entry | undefined {
    const { ring } = this.#source;
    if (this.#place === undefined || this.#place < ring.first) this.#place = ring.placeAfter(after);
    if (this.#place === undefined) return this.#read(after);
    for (let entry = ring.at(this.#place); entry !== undefined; entry = ring.at(++this.#place)) {
      if (entry.id === null ? this.#place < this.#begunAt : compareIds(entry.id, after) <= 0) continue;
      if (entry.id === null) return entry;
      return entry.previous === after ? entry : this.#read(after);
    }
    return undefined;
  }

  #read(after: string): undefined {
    this.#place = undefined;
    if (this.#isReading) return;
    this.#isReading = true;
    this.#source.read(after, (page) => {
      this.#isReading = false;
      if (this.#isClosed) return;
      if (this.#after === after) this.#accept(page, after);
      this.#source.wake(this);
    });
  }

  #accept(page: Page, after: string): void {
    if (compareIds(page.last, after) < 0) {
      this.#gap = this.#jump("lost", page.last);
      return;
    }
    this.#page = page;
    this.#index = indexAfter(page, after);
    if (this.#index < page.entries.length || !page.isComplete) return;
    this.#page = undefined;
    if (page.last !== after && !this.#isAnyFirst) this.#gap = this.#jump("trimmed", page.last);
    else this.#after = page.last;
    this.#place = this.#source.ring.first;
  }
}

/** The first entry above `after`. O(log n). */
function indexAfter({ entries }: Page, after: string): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareIds((entries[middle] as Entry).id as string, after) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}
