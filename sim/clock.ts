/**
 * Virtual time: events in order of their time, and of their making where that is the same. Nothing here takes real time
 * and nothing is left to chance, so the same events give the same run.
 *
 * The real parts under test use promises. After each event all promises that can go on do so before the next event: a
 * turn of the runtime's event loop runs every microtask to its end, and nothing in the simulation waits for the system.
 */
import type { Clock } from "@larder/service";

interface Event {
  atMs: number;
  order: number;
  run: () => void;
}

/** Wall time at the start; any will do. */
const wallStartMs = 1_700_000_000_000;

export class VirtualClock implements Clock {
  #nowMs = 0;
  #made = 0;
  /** A binary heap, the next event first. */
  readonly #events: Event[] = [];

  nowMs(): number {
    return wallStartMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepBy((after, done) => this.after(after, done), ms, signal);
  }

  after(ms: number, run: () => void): void {
    this.#push({ atMs: this.#nowMs + Math.max(0, ms), order: this.#made++, run });
  }

  /** Runs events, and `afterEach` after each, until that returns false or the time has come. */
  async runUntil(untilMs: number, afterEach: () => boolean): Promise<void> {
    for (let next = this.#events[0]; next !== undefined && next.atMs <= untilMs; next = this.#events[0]) {
      this.#pop();
      this.#nowMs = next.atMs;
      next.run();
      await allPromises();
      if (!afterEach()) return;
    }
    this.#nowMs = untilMs;
  }

  #push(event: Event): void {
    const heap = this.#events;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent] as Event)) break;
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#events;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++;
      if (!isBefore(heap[child] as Event, last)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
  }
}

/** A clock's `sleep`, from whatever calls back after a time. */
export function sleepBy(
  after: (ms: number, done: () => void) => void,
  ms: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      signal?.removeEventListener("abort", done);
      resolve();
    };
    after(ms, done);
    signal?.addEventListener("abort", done, { once: true });
  });
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

function allPromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
