/**
 * Which keys have changed at a source since they were looked at, each once, in the order in which they changed first. Bounded: past
 * `keysMax` it knows no more than that everything has to be looked at. Pure.
 */
export interface ChangedKey {
  database: number;
  key: Buffer;
}

export class ChangedKeys {
  /** By database and key; when it changed first. */
  readonly #keys = new Map<string, number>();
  readonly #keysMax: number;
  /** There were more than can be kept, or some were not told of. */
  isIncomplete = false;

  constructor(keysMax: number) {
    this.#keysMax = keysMax;
  }

  get count(): number {
    return this.#keys.size;
  }

  /** When the one changed that waits longest; null: none waits. */
  get oldestMs(): number | null {
    for (const atMs of this.#keys.values()) return atMs;
    return null;
  }

  add({ database, key }: ChangedKey, atMs: number): void {
    const name = `${database} ${key.toString("latin1")}`;
    if (this.#keys.has(name)) return;
    if (this.#keys.size >= this.#keysMax) this.isIncomplete = true;
    else this.#keys.set(name, atMs);
  }

  /** The first ones, which are not waiting any more. */
  take(count: number): ChangedKey[] {
    const taken: ChangedKey[] = [];
    for (const name of this.#keys.keys()) {
      if (taken.length === count) break;
      this.#keys.delete(name);
      const space = name.indexOf(" ");
      taken.push({ database: Number(name.slice(0, space)), key: Buffer.from(name.slice(space + 1), "latin1") });
    }
    return taken;
  }

  /** All is looked at anew. */
  clear(): void {
    this.#keys.clear();
    this.isIncomplete = false;
  }
}
