/** All that decides who may call the management API, and what is written down of it, as one part of the controller. */
import type { Clock, Log, Randomness } from "@larder/service";
import { Audit } from "../audit/audit.ts";
import { apiTokenKeysPrefix } from "../documents/document-keys.ts";
import type { Store } from "../store/store.ts";
import { requireIssuerUrl } from "../tokens/fetch-keys.ts";
import { emptyAnswersOf, IssuerKeys } from "../tokens/issuer-keys.ts";
import { KeptKeys } from "../tokens/kept-keys.ts";
import type { PublicKey } from "../tokens/key-set.ts";
import { TokenIssuers } from "../tokens/token-issuers.ts";
import { Authorization } from "./authorization.ts";
import { Callers } from "./callers.ts";
import { RoleIndex } from "./role-index.ts";
import { Roles } from "./roles.ts";
import { ScopeLife } from "./scope-life.ts";

export interface ManagementAccessOptions {
  store: Store;
  subscription: string;
  administratorToken: string;
  /** Of the controller: the records are there. */
  directory: string;
  /** Elsewhere. Those of this process are added to `issuers`. */
  issuers: readonly string[];
  audiences: readonly string[];
  clock: Clock;
  randomness: Randomness;
  log: Log;
}

export class ManagementAccess {
  readonly issuers = new TokenIssuers();
  readonly roleIndex = new RoleIndex();
  readonly roles: Roles;
  readonly authorization: Authorization;
  readonly callers: Callers;
  readonly audit: Audit;
  readonly #options: ManagementAccessOptions;
  readonly #scopeLife: ScopeLife;
  readonly #kept: KeptKeys;
  #keys: IssuerKeys[] = [];
  /** What is written one after the other. */
  #keeping: Promise<void> = Promise.resolve();

  constructor(options: ManagementAccessOptions) {
    const { roleIndex: index, issuers } = this;
    this.#options = options;
    this.roles = new Roles({ ...options, index });
    this.authorization = new Authorization({ ...options, index });
    this.callers = new Callers({ ...options, issuers });
    this.audit = new Audit(options);
    this.#kept = new KeptKeys(options.store, apiTokenKeysPrefix);
    this.#scopeLife = new ScopeLife({ ...options, index, roles: this.roles });
  }

  /** Throws ConfigInvalid. Waits for no issuer. */
  async start(): Promise<void> {
    const { issuers } = this.#options;
    for (const issuer of issuers) requireIssuerUrl(issuer, "--api-issuer");
    const known = await this.#kept.read(issuers);
    for (const issuer of new Set(issuers)) this.#trust(issuer, known.get(issuer) ?? []);
    this.audit.start();
    await this.roles.start();
    await this.#scopeLife.start();
  }

  async stop(): Promise<void> {
    await this.#scopeLife.stop();
    for (const keys of this.#keys.splice(0)) keys.stop();
    await this.#keeping;
    await this.audit.stop();
  }

  get samples(): readonly (readonly [string, number])[] {
    return [[`larder_issuer_answers_empty_total{for="api"}`, emptyAnswersOf(this.#keys)]];
  }

  #trust(issuer: string, known: readonly PublicKey[]): void {
    const fetched = new IssuerKeys({ ...this.#options, issuer, jwksUrl: null, known });
    const { keys } = fetched;
    this.#keys.push(fetched);
    keys.listen(() => this.#keep(issuer, keys.keys));
    fetched.start();
    const { audiences } = this.#options;
    this.issuers.add({ issuer, audiences, keys, lookFor: (keyId) => fetched.lookFor(keyId) });
  }

  #keep(issuer: string, keys: readonly PublicKey[]): void {
    this.#keeping = this.#keeping.then(async () => {
      try {
        await this.#kept.keep(issuer, keys);
      } catch (error) {
        this.#options.log.error({ err: error }, "keys of an issuer cannot be kept");
      }
    });
  }
}
