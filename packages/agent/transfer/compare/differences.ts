/**
 * Keys that differ: those that are to be looked at again, and those that are counted. A key that is written while it is compared
 * differs for a moment; only one that differs at every look counts.
 */
import { type KeyDifference, transferLimits } from "@larder/api";
import type { ChangedKey } from "../scan/changed-keys.ts";

/** More cannot be kept to be looked at again: they count at once. */
const doubtfulMax = 100_000;
/** Of a key's name in a report. */
const keyTextMax = 200;

export class Differences {
  #doubtful = new Map<string, ChangedKey>();
  readonly examples: KeyDifference[] = [];
  count = 0;
  /** Some were counted at the first look. */
  hasHasty = false;

  get doubtfulCount(): number {
    return this.#doubtful.size;
  }

  doubt(key: ChangedKey, difference: KeyDifference["difference"]): void {
    if (this.#doubtful.size < doubtfulMax) this.#doubtful.set(`${key.database} ${key.key.toString("latin1")}`, key);
    else {
      this.hasHasty = true;
      this.add(key, difference);
    }
  }

  /** All that are to be looked at again; they are not kept. */
  takeDoubtful(): ChangedKey[] {
    const keys = [...this.#doubtful.values()];
    this.#doubtful = new Map();
    return keys;
  }

  add({ database, key }: ChangedKey, difference: KeyDifference["difference"]): void {
    this.count++;
    if (this.examples.length >= transferLimits.examplesMax) return;
    this.examples.push({ database, key: key.toString("utf8").slice(0, keyTextMax), difference });
  }
}
