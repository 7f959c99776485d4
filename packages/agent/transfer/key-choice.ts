/** Which keys a filter takes. Compares bytes: nothing is made for a key. */
import type { KeyFilter } from "@larder/api";
import type { RdbEntry, RdbKind } from "@larder/rdb";

export class KeyChoice {
  readonly #prefixes: readonly Uint8Array[];
  readonly #kinds: ReadonlySet<RdbKind>;
  readonly #databases: ReadonlySet<number>;

  constructor({ prefixes, types, databases }: KeyFilter) {
    this.#prefixes = prefixes.map((prefix) => Buffer.from(prefix));
    this.#kinds = new Set(types);
    this.#databases = new Set(databases);
  }

  get isEverything(): boolean {
    return this.takesFunctions && this.#databases.size === 0;
  }

  /** Libraries of functions belong to no key: who chooses keys by what they are wants none. */
  get takesFunctions(): boolean {
    return this.#prefixes.length === 0 && this.#kinds.size === 0;
  }

  get takesAllKinds(): boolean {
    return this.#kinds.size === 0;
  }

  takesDatabase(index: number): boolean {
    return this.#databases.size === 0 || this.#databases.has(index);
  }

  takesKind(kind: RdbKind): boolean {
    return this.#kinds.size === 0 || this.#kinds.has(kind);
  }

  takesKey(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#prefixes.length === 0 || this.#prefixes.some((prefix) => begins(bytes, { start, end, prefix }));
  }

  takes({ database, kind, keyBytes, keyStart, keyEnd }: RdbEntry): boolean {
    return this.takesDatabase(database) && this.takesKind(kind) && this.takesKey(keyBytes, keyStart, keyEnd);
  }
}

function begins(
  bytes: Uint8Array,
  { start, end, prefix }: { start: number; end: number; prefix: Uint8Array },
): boolean {
  if (end - start < prefix.length) return false;
  for (let index = 0; index < prefix.length; index++) if (bytes[start + index] !== prefix[index]) return false;
  return true;
}
