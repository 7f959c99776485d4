/**
 * The embedded identity provider, whole: its principals, its keys and its port. For machines that have no other; in production it is
 * off, and then nothing of it exists.
 *
 * It knows who somebody is, never what he may do. The tokens that it makes are trusted as those of any issuer are, by its keys.
 */
import { hostAndPortText } from "@larder/api";
import type { Clock, Log, Randomness } from "@larder/service";
import type { SignInRecord } from "../audit/sign-in-record.ts";
import type { IssuedPair } from "../pki/issue.ts";
import type { Store } from "../store/store.ts";
import type { TrustedIssuer } from "../tokens/token-issuers.ts";
import { IdentityServer, makeHandler } from "./identity-server.ts";
import { Principals } from "./principals.ts";
import { SignInArtifacts } from "./sign-in-artifacts.ts";
import { SignInAttempts } from "./sign-in-attempts.ts";
import { SignInRecords } from "./sign-in-records.ts";
import { SigningKeys } from "./signing-keys.ts";
import { type TokenResources, tokenResources } from "./token-resources.ts";

export interface EmbeddedIdentityOptions {
  store: Store;
  clock: Clock;
  randomness: Randomness;
  log: Log;
  host: string;
  port: number;
  certificate: IssuedPair;
  tenant: string;
  /** The name in the issuer's address: what people type to reach this machine. */
  publicHost: string;
  /** For whom tokens for the management API are. */
  apiAudiences(): readonly string[];
  /** Writes a sign-in down. */
  noteSignIn(record: SignInRecord): void;
}

export class EmbeddedIdentity {
  readonly principals: Principals;
  readonly #options: EmbeddedIdentityOptions;
  readonly #keys: SigningKeys;
  readonly #artifacts: SignInArtifacts;
  readonly #attempts: SignInAttempts;
  readonly #records: SignInRecords;
  readonly #server: IdentityServer;

  constructor(options: EmbeddedIdentityOptions) {
    this.#options = options;
    this.principals = new Principals(options);
    this.#keys = new SigningKeys(options);
    this.#artifacts = new SignInArtifacts(options);
    this.#attempts = new SignInAttempts(options.clock);
    this.#records = new SignInRecords({ clock: options.clock, write: (record) => options.noteSignIn(record) });
    this.#server = new IdentityServer(options);
  }

  /** Returns before the first key is made, which takes a while: requests wait for it. Throws PortInUse. */
  async start(): Promise<void> {
    await this.principals.start();
    await this.#server.start();
    const ready = this.#keys.start(() => this.#server.serve(this.#handler()));
    this.#server.serve(ready.then(() => this.#handler()));
    ready.catch((error: unknown) => this.#options.log.error({ err: error }, "there are no keys to sign tokens with"));
  }

  async stop(): Promise<void> {
    this.#keys.stop();
    await this.#server.stop();
  }

  /** As tokens' `iss` has it. */
  get issuer(): string {
    return `${this.origin}/${this.#options.tenant}/v2.0`;
  }

  /** What Azure's clients call the authority host. */
  get origin(): string {
    return `https://${hostAndPortText({ host: this.#options.publicHost, port: this.#server.port })}`;
  }

  /** For whoever takes its tokens: the management API, or caches. Once it has started. */
  issuerFor(purpose: keyof TokenResources): TrustedIssuer {
    return { issuer: this.issuer, audiences: this.#resources[purpose], keys: this.#keys.keySet };
  }

  get #resources(): TokenResources {
    return tokenResources(this.#options.apiAudiences());
  }

  useCertificate(certificate: IssuedPair): Promise<void> {
    return this.#server.useCertificate(certificate);
  }

  metrics(): [string, number][] {
    return [
      ["larder_principals", this.principals.all().length],
      ...this.#attempts.metrics(),
      ...this.#records.metrics(),
    ];
  }

  #handler() {
    const { log, randomness, tenant } = this.#options;
    return makeHandler({
      issuer: this.issuer,
      tenant,
      resources: this.#resources,
      principals: this.principals,
      artifacts: this.#artifacts,
      attempts: this.#attempts,
      records: this.#records,
      keys: this.#keys.keys,
      randomness,
      log,
    });
  }
}
