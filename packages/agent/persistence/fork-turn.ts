/** Of the snapshots that a host's agent asks for one at a time: each fork costs memory that is written to meanwhile. */
export class ForkTurn {
  #holder: object | null = null;

  /** Whether it is the asker's turn, from now on until it gives it back. */
  take(asker: object): boolean {
    this.#holder ??= asker;
    return this.#holder === asker;
  }

  giveBack(asker: object): void {
    if (this.#holder === asker) this.#holder = null;
  }
}
