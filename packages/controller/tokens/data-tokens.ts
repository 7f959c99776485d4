/**
 * Whose tokens clients of caches may log in with. The keys of issuers elsewhere are in the store, so that gateways are told the same ones
 * after a restart, be the issuer there or not; each change of a key goes to all gateways.
 */
import { createHash } from "node:crypto";
import type { TokenKeyQuestion } from "@larder/api";
import type { Clock, Log, Randomness } from "@larder/service";
import { tokenKeysKey, tokenKeysPrefix } from "../documents/document-keys.ts";
import type { Store } from "../store/store.ts";
import { requireIssuerUrl } from "./fetch-keys.ts";
import { IssuerKeys } from "./issuer-keys.ts";
import type { PublicKey } from "./key-set.ts";
import { TokenIssuers } from "./token-issuers.ts";

/** As Azure's clients name the data of caches. */
export const defaultTokenAudiences = ["https://redis.azure.com", "acca5fbb-b7e4-4009-81f1-37e38fd66d78"] as const;

interface TokenKeysDocument {
  issuer: string;
  keys: readonly PublicKey[];
}

export interface DataTokensOptions {
  store: Store;
  /** As their tokens' `iss` has them. */
  issuers: readonly string[];
  /** None: the default ones. */
  audiences: readonly string[];
  /** Tells gateways what the issuers are now. */
  publish(): Promise<unknown>;
  clock: Clock;
  randomness: Randomness;
  log: Log;
}

export class DataTokens {
  /** Issuers of this process are added to them. */
  readonly issuers = new TokenIssuers();
  readonly #options: DataTokensOptions;
  readonly #fetched: IssuerKeys[] = [];
  /** What is written and published one after the other. */
  #telling: Promise<void> = Promise.resolve();
  #isStarted = false;

  constructor(options: DataTokensOptions) {
    this.#options = options;
  }

  get audiences(): readonly string[] {
    return this.#options.audiences.length > 0 ? this.#options.audiences : defaultTokenAudiences;
  }

  /** Takes the keys of the life before, and waits for no issuer. Throws ConfigInvalid. */
  async open(): Promise<void> {
    const { store, issuers, clock, randomness, log } = this.#options;
    for (const issuer of issuers) requireIssuerUrl(issuer, `--token-issuer ${issuer}`);
    const { documents } = await store.list<TokenKeysDocument>(tokenKeysPrefix);
    const known = new Map(documents.map(({ key, value }) => [key, value.keys]));
    for (const issuer of new Set(issuers)) {
      const own = { issuer, jwksUrl: null, known: known.get(keyOf(issuer)) ?? [] };
      const fetched = new IssuerKeys({ ...own, clock, randomness, log });
      const { keys } = fetched;
      this.#fetched.push(fetched);
      // Before they are published: the table's revision is the store's.
      keys.listen(() => this.#tell(() => this.#keep({ issuer, keys: keys.keys })));
      this.issuers.add({ issuer, audiences: this.audiences, keys, lookFor: (keyId) => fetched.lookFor(keyId) });
      known.delete(keyOf(issuer));
    }
    if (known.size > 0) await store.transact({ delete: [...known.keys()] });
  }

  start(): void {
    this.#isStarted = true;
    this.issuers.listen(() => this.#tell(() => this.#options.publish()));
    for (const each of this.#fetched) each.start();
  }

  async stop(): Promise<void> {
    this.#isStarted = false;
    for (const each of this.#fetched) each.stop();
    await this.#telling;
  }

  /** Resolves once it was looked for, and gateways are told of what was found. */
  async lookFor(question: TokenKeyQuestion): Promise<void> {
    await this.issuers.lookFor(question);
    await this.#telling;
  }

  async #keep(document: TokenKeysDocument): Promise<void> {
    await this.#options.store.transact({ put: [{ key: keyOf(document.issuer), value: document }] });
  }

  #tell(act: () => Promise<unknown>): void {
    this.#telling = this.#telling.then(async () => {
      try {
        if (this.#isStarted) await act();
      } catch (error) {
        this.#options.log.error({ err: error }, "keys of token issuers cannot be kept or published");
      }
    });
  }
}

function keyOf(issuer: string): string {
  return tokenKeysKey(createHash("sha256").update(issuer).digest("hex"));
}
