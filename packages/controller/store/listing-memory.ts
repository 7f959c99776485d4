/**
 * Listings that are asked for again and again, kept up with what changes: with a thousand documents under a prefix, reading them all for
 * each change of one is most of the work of a write. Only long ones are kept, as the others are read soon enough.
 */
import type { StoredDocument } from "./store.ts";

const documentsMin = 64;
/** In all listings together; those that were asked for longest ago go first. */
const documentsMax = 50_000;

interface Kept {
  documents: readonly StoredDocument[];
  indexes: ReadonlyMap<string, number>;
  /** Keys of its documents that were written since. */
  written: Set<string>;
}

export class ListingMemory {
  readonly #read: (key: string) => StoredDocument | undefined;
  readonly #kept = new Map<string, Kept>();

  /** `read`: the document as it is now. */
  constructor(read: (key: string) => StoredDocument | undefined) {
    this.#read = read;
  }

  get(prefix: string): readonly StoredDocument[] | undefined {
    const kept = this.#kept.get(prefix);
    if (kept === undefined) return undefined;
    this.#kept.delete(prefix);
    const documents = kept.written.size === 0 ? kept.documents : this.#renewed(kept);
    if (documents !== undefined) this.#kept.set(prefix, { ...kept, documents, written: new Set() });
    return documents;
  }

  keep(prefix: string, documents: readonly StoredDocument[]): void {
    if (documents.length < documentsMin || documents.length > documentsMax) return;
    const indexes = new Map(documents.map(({ key }, index) => [key, index]));
    this.#kept.set(prefix, { documents, indexes, written: new Set() });
    let count = [...this.#kept.values()].reduce((sum, each) => sum + each.documents.length, 0);
    for (const [oldest, { documents: gone }] of this.#kept) {
      if (count <= documentsMax) break;
      this.#kept.delete(oldest);
      count -= gone.length;
    }
  }

  /** They were put or deleted. A listing that one has come to is to be read again, which may be never: it is not kept till then. */
  written(keys: readonly string[]): void {
    for (const [prefix, { indexes, written }] of this.#kept) {
      const own = keys.filter((key) => key.startsWith(prefix));
      if (own.some((key) => !indexes.has(key))) this.#kept.delete(prefix);
      else for (const key of own) written.add(key);
    }
  }

  /** undefined: one has gone, so that the order is to be read again. */
  #renewed({ documents, indexes, written }: Kept): readonly StoredDocument[] | undefined {
    const renewed = [...documents];
    for (const key of written) {
      const index = indexes.get(key);
      const document = this.#read(key);
      if (index === undefined || document === undefined) return undefined;
      renewed[index] = document;
    }
    return renewed;
  }
}
