/**
 * The first level: decoded values in this process, bounded by bytes. A structure of arrays, as an object for each entry would cost more memory
 * than the rest of it. It knows nothing of where values come from, and not whether they may still be believed: its owner
 * empties it when they may not.
 *
 * Times are the owner's. `stamp` is the state of all versions (tags, prefixes) in which an entry was last found to be right.
 */
import { cacheLimits } from "../limits.ts";
import type { VersionSet } from "../versions/version-set.ts";
import { grown, Sieve } from "./sieve.ts";

export interface Kept {
  value: unknown;
  /** Of the value as it is stored. */
  valueBytes: number;
  /** Until then a hit needs no thought: it is fresh, and not yet to be loaded anew ahead of time. */
  calmUntilMs: number;
  freshUntilMs: number;
  versions: VersionSet;
  /** The number of the first part of its key. */
  family: number;
}

/** What an entry costs beside its value and its name: fields of objects and places in the arrays. */
const entryOverheadBytes = 200;
const capacityMin = 256;

export class FirstLevel {
  readonly bytesMax: number;
  #indexes = new Map<string, number>();
  #sieve = new Sieve();
  #free: number[] = [];
  #capacity = 0;
  #bytes = 0;
  #evictions = 0;
  #names: (string | undefined)[] = [];
  #values: unknown[] = [];
  #versions: (VersionSet | undefined)[] = [];
  #sizes = new Uint32Array(0);
  #families = new Uint16Array(0);
  #stamps = new Uint32Array(0);
  /** Milliseconds since `#epochMs`: half the size of a double. */
  #calmUntil = new Uint32Array(0);
  #freshUntil = new Uint32Array(0);
  #epochMs = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#indexes.size;
  }

  get evictions(): number {
    return this.#evictions;
  }

  /** Where the entry is, until the next change. */
  indexOf(name: string): number | undefined {
    return this.#indexes.get(name);
  }

  isCalm(index: number, nowMs: number, stamp: number): boolean {
    return nowMs - this.#epochMs < (this.#calmUntil[index] as number) && this.#stamps[index] === stamp;
  }

  /** Counts as a hit. */
  valueAt(index: number): unknown {
    this.#sieve.hit(index);
    return this.#values[index];
  }

  familyAt(index: number): number {
    return this.#families[index] as number;
  }

  versionsAt(index: number): VersionSet {
    return this.#versions[index] as VersionSet;
  }

  freshUntilAt(index: number): number {
    return this.#epochMs + (this.#freshUntil[index] as number);
  }

  /** Whether all versions are still the same. */
  isCurrentAt(index: number, stamp: number): boolean {
    if (this.#stamps[index] === stamp) return true;
    if (this.#versions[index]?.isCurrent(stamp) !== true) return false;
    this.#stamps[index] = stamp;
    return true;
  }

  /** It is stale from now on. */
  expire(name: string, nowMs: number): void {
    const index = this.#indexes.get(name);
    if (index === undefined) return;
    this.#calmUntil[index] = 0;
    this.#freshUntil[index] = Math.min(this.#sinceEpoch(nowMs), this.#freshUntil[index] as number);
  }

  set(name: string, kept: Kept, stamp: number): void {
    this.delete(name);
    this.#keepEpoch(kept.freshUntilMs);
    const size = kept.valueBytes + name.length + entryOverheadBytes;
    if (size > this.bytesMax) return;
    while (this.#bytes + size > this.bytesMax) this.#evict();
    const index = this.#free.pop() ?? this.#nextIndex();
    this.#indexes.set(name, index);
    this.#names[index] = name;
    this.#values[index] = kept.value;
    this.#versions[index] = kept.versions;
    this.#sizes[index] = size;
    this.#families[index] = kept.family;
    this.#stamps[index] = stamp;
    this.#calmUntil[index] = this.#sinceEpoch(kept.calmUntilMs);
    this.#freshUntil[index] = this.#sinceEpoch(kept.freshUntilMs);
    this.#bytes += size;
    this.#sieve.add(index);
  }

  delete(name: string): boolean {
    const index = this.#indexes.get(name);
    if (index === undefined) return false;
    this.#remove(index, name);
    return true;
  }

  clear(): void {
    if (this.#indexes.size === 0) return;
    this.#indexes = new Map();
    this.#sieve = new Sieve();
    this.#free = [];
    this.#capacity = 0;
    this.#bytes = 0;
    this.#names = [];
    this.#values = [];
    this.#versions = [];
  }

  /** When 32 bits are not enough any more, after some weeks, all begins anew. */
  #keepEpoch(freshUntilMs: number): void {
    if (freshUntilMs - this.#epochMs < 2 ** 32) return;
    this.clear();
    this.#epochMs = freshUntilMs - cacheLimits.entryLifeMsMax;
  }

  #sinceEpoch(ms: number): number {
    return Math.max(0, Math.floor(ms - this.#epochMs));
  }

  #evict(): void {
    const index = this.#sieve.victim();
    this.#evictions++;
    this.#remove(index, this.#names[index] as string);
  }

  #remove(index: number, name: string): void {
    this.#sieve.remove(index);
    this.#indexes.delete(name);
    this.#names[index] = undefined;
    this.#values[index] = undefined;
    this.#versions[index] = undefined;
    this.#bytes -= this.#sizes[index] as number;
    this.#free.push(index);
  }

  #nextIndex(): number {
    const index = this.#indexes.size;
    if (index >= this.#capacity) this.#grow();
    return index;
  }

  #grow(): void {
    const capacity = Math.max(capacityMin, Math.ceil(this.#capacity * 1.25));
    this.#sieve.grow(capacity);
    this.#sizes = grown(this.#sizes.subarray(0, this.#capacity), new Uint32Array(capacity));
    this.#families = grown(this.#families.subarray(0, this.#capacity), new Uint16Array(capacity));
    this.#stamps = grown(this.#stamps.subarray(0, this.#capacity), new Uint32Array(capacity));
    this.#calmUntil = grown(this.#calmUntil.subarray(0, this.#capacity), new Uint32Array(capacity));
    this.#freshUntil = grown(this.#freshUntil.subarray(0, this.#capacity), new Uint32Array(capacity));
    this.#capacity = capacity;
  }
}
