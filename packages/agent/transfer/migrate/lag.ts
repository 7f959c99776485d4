/** How far behind its source a copy is, in bytes and in time. Pure, but for what it was told. */
export interface LagLook {
  /** Of the source's stream; asked before `applied`. */
  written: number;
  applied: number;
  atMs: number;
}

/** Looks that are remembered, of a lag that lasts. */
const looksMax = 3_600;

export class Lag {
  /** Of the looks at which something was written that is not applied yet, the first ones. */
  #pending: { written: number; atMs: number }[] = [];
  bytes = 0;
  ms = 0;

  look({ written, applied, atMs }: LagLook): void {
    const pending = this.#pending.filter((one) => one.written > applied);
    if (written > (pending.at(-1)?.written ?? applied) && pending.length < looksMax) pending.push({ written, atMs });
    this.#pending = pending;
    this.bytes = Math.max(0, written - applied);
    this.ms = atMs - (pending[0]?.atMs ?? atMs);
  }
}
