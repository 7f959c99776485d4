/**
 * What a group of a stream has delivered and nobody acknowledged: when, how often, and (told later) to whom. The file
 * has the first two by group and the third by consumer, so they are held until both are known.
 *
 * Ids come in ascending order, so finding one is a binary search in arrays of numbers: 40 bytes an entry.
 */
import type { StreamId } from "../decode/element-sink.ts";
import { RdbError } from "../rdb-error.ts";

const firstRoom = 64;

export class PendingEntries {
  readonly #countMax: number;
  #ms = new BigUint64Array(firstRoom);
  #seq = new BigUint64Array(firstRoom);
  #deliveredAtMs = new Float64Array(firstRoom);
  #deliveries = new Float64Array(firstRoom);
  #offset = 0;
  #count = 0;
  #taken = 0;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  /** How many nobody has taken. */
  get left(): number {
    return this.#count - this.#taken;
  }

  /** `offset` is that of the value in the file, for errors. */
  begin(offset: number): void {
    this.#offset = offset;
    this.clear();
  }

  clear(): void {
    this.#count = 0;
    this.#taken = 0;
  }

  add(id: StreamId, deliveredAtMs: number, deliveries: number): void {
    if (this.#count === this.#ms.length) this.#grow();
    this.#ms[this.#count] = id.ms;
    this.#seq[this.#count] = id.seq;
    this.#deliveredAtMs[this.#count] = deliveredAtMs;
    this.#deliveries[this.#count] = deliveries;
    this.#count++;
  }

  take(id: StreamId): { deliveredAtMs: number; deliveries: number } | null {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#isBefore(middle, id)) low = middle + 1;
      else high = middle;
    }
    if (low === this.#count || this.#ms[low] !== id.ms || this.#seq[low] !== id.seq) return null;
    this.#taken++;
    return { deliveredAtMs: this.#deliveredAtMs[low] as number, deliveries: this.#deliveries[low] as number };
  }

  #isBefore(index: number, id: StreamId): boolean {
    const ms = this.#ms[index] as bigint;
    return ms !== id.ms ? ms < id.ms : (this.#seq[index] as bigint) < id.seq;
  }

  #grow(): void {
    const room = Math.min(2 * this.#count, this.#countMax);
    if (room === this.#count) {
      const what = `a group has more pending entries than pendingEntriesMax, ${this.#countMax},`;
      throw new RdbError("over-limit", this.#offset, what);
    }
    this.#ms = grown(this.#ms, new BigUint64Array(room));
    this.#seq = grown(this.#seq, new BigUint64Array(room));
    this.#deliveredAtMs = grown(this.#deliveredAtMs, new Float64Array(room));
    this.#deliveries = grown(this.#deliveries, new Float64Array(room));
  }
}

function grown<Numbers extends BigUint64Array | Float64Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from as never);
  return to;
}
