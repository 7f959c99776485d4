/** What goes wrong with a node's persistence: one problem for each part of it, until that part works again. */
import type { PersistenceObserved } from "@larder/api";
import type { Log } from "@larder/service";

type Problem = NonNullable<PersistenceObserved["problem"]>;
export type Part = "snapshot" | "aof" | "copy" | "restore";

const codes: Record<Part, string> = {
  snapshot: "SnapshotFailed",
  aof: "AppendOnlyFailed",
  copy: "CopyFailed",
  restore: "RestoreFailed",
};

export class Problems {
  readonly #log: Pick<Log, "error">;
  readonly #onChange: () => void;
  readonly #present = new Map<Part, Problem>();
  #failures = 0;

  constructor(log: Pick<Log, "error">, onChange: () => void) {
    this.#log = log;
    this.#onChange = onChange;
  }

  get failures(): number {
    return this.#failures;
  }

  /** The gravest: without append-only files writes are refused, and without snapshots there is nothing to copy. */
  get gravest(): Problem | null {
    const parts: Part[] = ["restore", "aof", "snapshot", "copy"];
    return parts.map((part) => this.#present.get(part)).find((problem) => problem !== undefined) ?? null;
  }

  failed(part: Part, message: string): void {
    this.#failures++;
    if (this.#present.get(part)?.message === message) return;
    const problem = { code: codes[part], message };
    this.#present.set(part, problem);
    this.#log.error({ code: problem.code, reason: message }, "persistence failed");
    this.#onChange();
  }

  works(part: Part): void {
    if (this.#present.delete(part)) this.#onChange();
  }

  clear(): void {
    this.#present.clear();
  }
}
