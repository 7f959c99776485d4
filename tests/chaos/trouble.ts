/**
 * When the engine was away. An error, or the end of a connection, that no trouble explains is a violation.
 */

/** How long after its return an engine's absence may still show. */
const afterMs = 1_000;

interface Absence {
  fromMs: number;
  toMs: number;
}

export class Trouble {
  #absences: Absence[] = [];

  begin(): void {
    this.#absences = [...this.#absences.slice(-20), { fromMs: performance.now(), toMs: Number.POSITIVE_INFINITY }];
  }

  end(): void {
    const last = this.#absences.at(-1);
    if (last !== undefined) last.toMs = performance.now();
  }

  get isNow(): boolean {
    return this.#absences.at(-1)?.toMs === Number.POSITIVE_INFINITY;
  }

  /** Whether the engine was away, or had just come back, at some time since then. */
  since(fromMs: number): boolean {
    return this.#absences.some((absence) => absence.toMs + afterMs >= fromMs);
  }
}
