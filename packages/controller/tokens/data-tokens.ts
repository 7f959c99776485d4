/**
 * Whose tokens clients of caches may log in with. The keys of issuers elsewhere are in the store, so that gateways are told the same ones
 * after a restart, be the issuer there or not; each change of a key goes to all gateways.
 */
import type { TokenKeyQuestion } from "@larder/api";
import type { Clock, Log, Randomness } from "@larder/service";
import { tokenKeysPrefix } from "../documents/document-keys.ts";
import type { Store } from "../store/store.ts";
import { requireIssuerUrl } from "./fetch-keys.ts";
import { emptyAnswersOf, IssuerKeys } from "./issuer-keys.ts";
import { KeptKeys } from "./kept-keys.ts";
import { TokenIssuers } from "./token-issuers.ts";

/** As Azure's clients name the data of caches. */
export const defaultTokenAudiences = ["https://redis.azure.com", "acca5fbb-b7e4-4009-81f1-37e38fd66d78"] as const;

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
    const kept = new KeptKeys(store, tokenKeysPrefix);
    const known = await kept.read(issuers);
    for (const issuer of new Set(issuers)) {
      const own = { issuer, jwksUrl: null, known: known.get(issuer) ?? [] };
      const fetched = new IssuerKeys({ ...own, clock, randomness, log });
      const { keys } = fetched;
      this.#fetched.push(fetched);
      // Before they are published: the table's revision is the store's.
      keys.listen(() => this.#tell(() => kept.keep(issuer, keys.keys)));
      this.issuers.add({ issuer, audiences: this.audiences, keys, lookFor: (keyId) => fetched.lookFor(keyId) });
    }
  }

  get samples(): readonly (readonly [string, number])[] {
    return [[`larder_issuer_answers_empty_total{for="caches"}`, emptyAnswersOf(this.#fetched)]];
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
