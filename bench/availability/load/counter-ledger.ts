/**
 * What the only writer of a counter knows of it. A write without an answer may have happened or not, so the value lies
 * between two bounds; an acknowledged value outside of them shows what was lost or done twice. Told at each write, as a
 * total at the end would set the one off against the other.
 *
 *   acknowledged 7, one failed write   the next acknowledgement must say 8 or 9
 *   it says 6                          two acknowledged writes are lost
 *   it says 10                         one write was done twice
 */
export class CounterLedger {
  acknowledged = 0;
  lost = 0;
  doubled = 0;
  #value = 0;
  #unknown = 0;

  /** A write was answered with the new value. */
  acknowledge(value: number): void {
    this.acknowledged++;
    this.#compare(value - 1);
    this.#value = value;
  }

  /** A write got an error, or none: it may have happened, once. */
  fail(): void {
    this.#unknown++;
  }

  /** The counter was read while no write was on its way. */
  read(value: number): void {
    this.#compare(value);
    this.#value = value;
  }

  #compare(before: number): void {
    this.lost += Math.max(0, this.#value - before);
    this.doubled += Math.max(0, before - this.#value - this.#unknown);
    this.#unknown = 0;
  }
}
