/** What happened, counted by the first part of keys: an array for each count, as a hit must cost next to nothing. */
import { cacheLimits } from "./limits.ts";

export interface FamilyStats {
  firstLevelHits: number;
  secondLevelHits: number;
  /** Of both levels' hits: served though not fresh any more. */
  staleHits: number;
  misses: number;
  loads: number;
  loadsFailed: number;
  /** Loaded, and not stored as it had been invalidated meanwhile. */
  fenced: number;
}

export type Count = keyof FamilyStats;

/** Where further families are counted together. */
export const otherFamilies = "*";

const counts = [
  "firstLevelHits",
  "secondLevelHits",
  "staleHits",
  "misses",
  "loads",
  "loadsFailed",
  "fenced",
] as const satisfies Count[];

export class Counts {
  readonly #families = new Map<string, number>([[otherFamilies, 0]]);
  readonly #of = Object.fromEntries(
    counts.map((count) => [count, new Float64Array(cacheLimits.familiesMax)]),
  ) as Record<Count, Float64Array>;
  readonly #firstLevelHits = this.#of.firstLevelHits;

  /** The number under which a family is counted. */
  family(name: string): number {
    const known = this.#families.get(name);
    if (known !== undefined) return known;
    const number = this.#families.size;
    if (number >= cacheLimits.familiesMax) return 0;
    this.#families.set(name, number);
    return number;
  }

  hit(family: number): void {
    (this.#firstLevelHits[family] as number)++;
  }

  add(count: Count, family: number): void {
    (this.#of[count][family] as number)++;
  }

  stats(): Record<string, FamilyStats> {
    const used = [...this.#families].filter(([, number]) => counts.some((count) => this.#of[count][number] !== 0));
    return Object.fromEntries(
      used.map(([name, number]) => [
        name,
        Object.fromEntries(counts.map((count) => [count, this.#of[count][number]])) as unknown as FamilyStats,
      ]),
    );
  }
}
