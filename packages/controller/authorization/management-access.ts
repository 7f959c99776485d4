/** All that decides who may call the management API, and what is written down of it, as one part of the controller. */
import type { Clock, Log, Randomness } from "@larder/service";
import { Audit } from "../audit/audit.ts";
import type { Store } from "../store/store.ts";
import { requireIssuerUrl } from "../tokens/fetch-keys.ts";
import { IssuerKeys } from "../tokens/issuer-keys.ts";
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
  #keys: IssuerKeys[] = [];

  constructor(options: ManagementAccessOptions) {
    const { roleIndex: index, issuers } = this;
    this.#options = options;
    this.roles = new Roles({ ...options, index });
    this.authorization = new Authorization({ ...options, index });
    this.callers = new Callers({ ...options, issuers });
    this.audit = new Audit(options);
    this.#scopeLife = new ScopeLife({ ...options, index, roles: this.roles });
  }

  /** Throws ConfigInvalid. Waits for no issuer. */
  async start(): Promise<void> {
    for (const issuer of this.#options.issuers) this.#trust(issuer);
    this.audit.start();
    await this.roles.start();
    await this.#scopeLife.start();
  }

  async stop(): Promise<void> {
    await this.#scopeLife.stop();
    for (const keys of this.#keys.splice(0)) keys.stop();
    await this.audit.stop();
  }

  #trust(issuer: string): void {
    requireIssuerUrl(issuer, "--api-issuer");
    const keys = new IssuerKeys({ ...this.#options, issuer, jwksUrl: null, known: [] });
    this.#keys.push(keys);
    keys.start();
    const { audiences } = this.#options;
    this.issuers.add({ issuer, audiences, keys: keys.keys, lookFor: (keyId) => keys.lookFor(keyId) });
  }
}
