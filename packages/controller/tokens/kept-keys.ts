/** The keys that issuers were last known to have, in the store: a restart while an issuer is away shuts nobody out. */
import { createHash } from "node:crypto";
import type { Store } from "../store/store.ts";
import type { PublicKey } from "./key-set.ts";

interface TokenKeysDocument {
  issuer: string;
  keys: readonly PublicKey[];
}

export class KeptKeys {
  readonly #store: Store;
  /** Of the documents: each purpose has its own. */
  readonly #prefix: string;

  constructor(store: Store, prefix: string) {
    this.#store = store;
    this.#prefix = prefix;
  }

  /** By issuer. Whoever is none any more is forgotten. */
  async read(issuers: readonly string[]): Promise<ReadonlyMap<string, readonly PublicKey[]>> {
    const { documents } = await this.#store.list<TokenKeysDocument>(this.#prefix);
    const others = documents.filter(({ value }) => !issuers.includes(value.issuer));
    if (others.length > 0) await this.#store.transact({ delete: others.map(({ key }) => key) });
    return new Map(documents.map(({ value }) => [value.issuer, value.keys]));
  }

  async keep(issuer: string, keys: readonly PublicKey[]): Promise<void> {
    const value: TokenKeysDocument = { issuer, keys };
    await this.#store.transact({ put: [{ key: this.#keyOf(issuer), value }] });
  }

  #keyOf(issuer: string): string {
    return `${this.#prefix}${createHash("sha256").update(issuer).digest("hex")}`;
  }
}
