/**
 * Documents that were read lately, as they are on the disk. They are frozen, as many hold the same one: whoever wants another makes it.
 */
import type { StoredDocument } from "./store.ts";

/** More than a service with 1,000 caches reads again and again. The one that came first goes first. */
const documentsMax = 20_000;

export class DocumentMemory {
  readonly #documents = new Map<string, StoredDocument>();

  get(key: string): StoredDocument | undefined {
    return this.#documents.get(key);
  }

  keep(document: StoredDocument): StoredDocument {
    freeze(document);
    this.#documents.set(document.key, document);
    for (const key of this.#documents.keys()) {
      if (this.#documents.size <= documentsMax) break;
      this.#documents.delete(key);
    }
    return document;
  }

  forget(keys: readonly string[]): void {
    for (const key of keys) this.#documents.delete(key);
  }
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
}
