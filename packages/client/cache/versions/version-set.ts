/**
 * The versions that an entry depends on: of its namespace, of the leading parts of its key and of its tags. It is right only while each of them
 * is what it was when the value was loaded. Entries with the same versions share one set.
 */

/** What this process knows of one version. `null`: nothing, the server has to be asked. */
export interface Cell {
  readonly name: string;
  token: string | null;
}

export class VersionSet {
  readonly cells: readonly Cell[];
  readonly tokens: readonly string[];
  #stamp = -1;

  constructor(cells: readonly Cell[], tokens: readonly string[]) {
    this.cells = cells;
    this.tokens = tokens;
  }

  /** Whether all are known and the same. `stamp` changes whenever a cell does, so that most calls compare one number. */
  isCurrent(stamp: number): boolean {
    if (this.#stamp === stamp) return true;
    for (let index = 0; index < this.cells.length; index++)
      if (this.cells[index]?.token !== this.tokens[index]) return false;
    this.#stamp = stamp;
    return true;
  }
}
