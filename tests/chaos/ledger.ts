/** What a run has seen: how often each thing happened, and what must not have happened. */
const keptMax = 50;

export type Tally =
  | "commands"
  | "connections"
  | "clients killed"
  | "engines killed"
  | "outcomes unknown"
  | "commands refused"
  | "connections ended with an engine"
  | "messages"
  | "transactions that met a conflict"
  | "large values";

export class Ledger {
  readonly violations: string[] = [];
  violationCount = 0;
  slowestMs = 0;
  readonly #tallies = new Map<Tally, number>();
  readonly #startedMs = performance.now();

  count(what: Tally, times = 1): void {
    this.#tallies.set(what, this.tally(what) + times);
  }

  tally(what: Tally): number {
    return this.#tallies.get(what) ?? 0;
  }

  get tallies(): readonly [Tally, number][] {
    return [...this.#tallies];
  }

  violation(who: string, what: string): void {
    this.violationCount++;
    if (this.violations.length >= keptMax) return;
    const second = ((performance.now() - this.#startedMs) / 1000).toFixed(1);
    this.violations.push(`at ${second} s, ${who}: ${what}`);
  }
}
