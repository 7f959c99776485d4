/**
 * Which entry goes when room is needed: SIEVE (Zhang et al., NSDI 2024). Entries stand in the order in which they came; a hit sets a bit
 * and moves nothing. A hand walks from the oldest to the newest, clears bits, and takes the first entry without one.
 */
const none = -1;

export class Sieve {
  #visited = new Uint8Array(0);
  #newer = new Int32Array(0);
  #older = new Int32Array(0);
  #newest = none;
  #oldest = none;
  #hand = none;

  grow(capacity: number): void {
    this.#visited = grown(this.#visited, new Uint8Array(capacity));
    this.#newer = grown(this.#newer, new Int32Array(capacity));
    this.#older = grown(this.#older, new Int32Array(capacity));
  }

  add(index: number): void {
    this.#visited[index] = 0;
    this.#newer[index] = none;
    this.#older[index] = this.#newest;
    if (this.#newest === none) this.#oldest = index;
    else this.#newer[this.#newest] = index;
    this.#newest = index;
  }

  hit(index: number): void {
    this.#visited[index] = 1;
  }

  remove(index: number): void {
    const newer = this.#newer[index] as number;
    const older = this.#older[index] as number;
    if (this.#hand === index) this.#hand = newer;
    if (newer === none) this.#newest = older;
    else this.#older[newer] = older;
    if (older === none) this.#oldest = newer;
    else this.#newer[older] = newer;
  }

  /** The one to remove next; none may be missing. */
  victim(): number {
    let index = this.#hand === none ? this.#oldest : this.#hand;
    while (this.#visited[index] === 1) {
      this.#visited[index] = 0;
      index = this.#newer[index] as number;
      if (index === none) index = this.#oldest;
    }
    this.#hand = index;
    return index;
  }
}

export function grown<T extends Uint8Array | Uint16Array | Uint32Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
