/**
 * Every write of counting clients: which counter, when it was due, when it was acknowledged. What was acknowledged and is not
 * there later is lost; what is there and was neither acknowledged nor left without an answer was done twice. Pure.
 */
import { quantile } from "../../quantile.ts";

const firstCapacity = 1 << 20;

export interface Latency {
  count: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

export interface Kept {
  counters: number;
  acknowledged: number;
  lost: number;
  doubled: number;
  /** When the first of those that are lost was acknowledged; null where none is. */
  lostSinceMs: number | null;
}

export class WriteLog {
  #counters = new Uint32Array(firstCapacity);
  #dueMs = new Float64Array(firstCapacity);
  /** NaN: no answer, or an error. */
  #answeredMs = new Float64Array(firstCapacity);
  #length = 0;
  lastAnsweredMs = Number.NaN;

  get length(): number {
    return this.#length;
  }

  /** Hot. */
  add(counter: number, dueMs: number): void {
    const at = this.#length++;
    if (at === this.#counters.length) this.#grow();
    this.#counters[at] = counter;
    this.#dueMs[at] = dueMs;
    this.#answeredMs[at] = Number.NaN;
  }

  /** Hot. */
  acknowledge(at: number, nowMs: number): void {
    this.#answeredMs[at] = nowMs;
    this.lastAnsweredMs = nowMs;
  }

  /** Of the writes that were due then. What has no answer counts as if it came at `toMs`. */
  latency(fromMs: number, toMs: number): Latency {
    const latencies: number[] = [];
    for (let at = 0; at < this.#length; at++) {
      const dueMs = this.#dueMs[at] as number;
      if (dueMs < fromMs || dueMs >= toMs) continue;
      const answeredMs = this.#answeredMs[at] as number;
      latencies.push((Number.isNaN(answeredMs) ? toMs : answeredMs) - dueMs);
    }
    const maxMs = latencies.reduce((most, ms) => Math.max(most, ms), 0);
    return { count: latencies.length, p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99), maxMs };
  }

  touched(): number[] {
    return [...new Set(this.#counters.subarray(0, this.#length))];
  }

  /** `found`: by how much each counter is above what it was at first. */
  compare(found: ReadonlyMap<number, number>): Kept {
    const missing = new Map<number, number>();
    const kept: Kept = { counters: found.size, acknowledged: 0, lost: 0, doubled: 0, lostSinceMs: null };
    const sums = this.#sums();
    for (const [counter, value] of found) {
      const { acknowledged, sent } = sums.get(counter) ?? { acknowledged: 0, sent: 0 };
      kept.acknowledged += acknowledged;
      kept.doubled += Math.max(0, value - sent);
      if (value < acknowledged) missing.set(counter, acknowledged - value);
      kept.lost += Math.max(0, acknowledged - value);
    }
    // The last that were acknowledged of each counter are those that are missing.
    for (let at = this.#length - 1; at >= 0; at--) {
      const counter = this.#counters[at] as number;
      const left = missing.get(counter) ?? 0;
      const answeredMs = this.#answeredMs[at] as number;
      if (left === 0 || Number.isNaN(answeredMs)) continue;
      missing.set(counter, left - 1);
      kept.lostSinceMs = Math.min(kept.lostSinceMs ?? answeredMs, answeredMs);
    }
    return kept;
  }

  #sums(): Map<number, { acknowledged: number; sent: number }> {
    const sums = new Map<number, { acknowledged: number; sent: number }>();
    for (let at = 0; at < this.#length; at++) {
      const counter = this.#counters[at] as number;
      const sum = sums.get(counter) ?? { acknowledged: 0, sent: 0 };
      sum.sent++;
      if (!Number.isNaN(this.#answeredMs[at])) sum.acknowledged++;
      sums.set(counter, sum);
    }
    return sums;
  }

  #grow(): void {
    const grown = <Kind extends Uint32Array | Float64Array>(from: Kind, to: Kind): Kind => {
      to.set(from);
      return to;
    };
    const length = 2 * this.#counters.length;
    this.#counters = grown(this.#counters, new Uint32Array(length));
    this.#dueMs = grown(this.#dueMs, new Float64Array(length));
    this.#answeredMs = grown(this.#answeredMs, new Float64Array(length));
  }
}
