/**
 * The newest messages of a channel that this process heard, one after the other without a gap: from here listeners are served,
 * so that none needs a buffer of its own. Each has a place, which counts up and is never used again.
 */

import type { Entry } from "./entry.ts";
import { compareIds } from "./event-id.ts";

interface Slot {
  entry: Entry;
  /** The id of the entry, or where it has none of the last before it that had. */
  position: string;
}

export interface RingBounds {
  entriesMax: number;
  bytesMax: number;
}

export class Ring {
  readonly #bounds: RingBounds;
  readonly #slots: (Slot | undefined)[];
  #bytes = 0;
  /** What came before the first entry. */
  #base: string;
  /** The place of the first entry, and of the next to come. */
  first = 0;
  end = 0;

  constructor(bounds: RingBounds, base: string) {
    this.#bounds = bounds;
    this.#slots = new Array(bounds.entriesMax);
    this.#base = base;
  }

  /** The position after the newest entry. */
  get position(): string {
    return this.end === this.first ? this.#base : this.#slot(this.end - 1).position;
  }

  push(entry: Entry): void {
    if (this.end - this.first === this.#bounds.entriesMax) this.#drop();
    this.#slots[this.end % this.#bounds.entriesMax] = { entry, position: entry.id ?? this.position };
    this.end++;
    this.#bytes += entry.body.length;
    while (this.#bytes > this.#bounds.bytesMax && this.end - this.first > 1) this.#drop();
  }

  /** Forgets all; what is pushed next comes after `base`. One place is left out, so that whoever waited at the end sees that it moved. */
  clear(base: string): void {
    this.#slots.fill(undefined);
    this.first = ++this.end;
    this.#bytes = 0;
    this.#base = base;
  }

  /** undefined outside of `first` to `end - 1`. */
  at(place: number): Entry | undefined {
    return place < this.first || place >= this.end ? undefined : this.#slot(place).entry;
  }

  /** The place of what comes after a message; undefined when the ring does not reach back, or on, so far. O(log n). */
  placeAfter(id: string): number | undefined {
    if (compareIds(id, this.#base) < 0 || compareIds(id, this.position) > 0) return undefined;
    let low = this.first;
    let high = this.end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareIds(this.#slot(middle).position, id) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  has(id: string): boolean {
    for (let place = (this.placeAfter(id) ?? this.first) - 1; place >= this.first; place--) {
      const known = this.#slot(place).entry.id;
      if (known !== null) return known === id;
    }
    return false;
  }

  #slot(place: number): Slot {
    return this.#slots[place % this.#bounds.entriesMax] as Slot;
  }

  #drop(): void {
    const { entry, position } = this.#slot(this.first);
    this.#slots[this.first % this.#bounds.entriesMax] = undefined;
    this.#base = position;
    this.#bytes -= entry.body.length;
    this.first++;
  }
}
