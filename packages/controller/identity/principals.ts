/**
 * The principals of the embedded identity provider: applications, which sign in with secrets, and users, who do with a
 * password. A store-backed list that is held in memory too, as each sign-in looks into it; nobody else writes it.
 *
 * What a principal may do is not here: that is for role assignments and access policies, which name its object id.
 */
import {
  type IssuedSecret,
  isSameName,
  LarderError,
  type ParsedPrincipal,
  principalLimits,
  type SecretCreateBody,
} from "@larder/api";
import type { Clock, Randomness } from "@larder/service";
import { AdmissionLock } from "../caches/admission-lock.ts";
import { principalKey, principalsPrefix } from "../documents/document-keys.ts";
import type {
  ApplicationDocument,
  PrincipalDocument,
  SecretDocument,
  UserDocument,
} from "../documents/principal-document.ts";
import type { Store } from "../store/store.ts";
import { SecretHasher } from "./secret-hash.ts";

const dayMs = 86_400_000;
const secretBytes = 30;
const secretIdBytes = 6;
/** Between a secret's id, by which its hash is found, and the rest. */
const idSeparator = "~";

interface Known {
  document: PrincipalDocument;
  revision: number;
}

export class Principals {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #randomness: Randomness;
  readonly #hasher = new SecretHasher();
  /** Two must not take one name. */
  readonly #adding = new AdmissionLock();
  /** By object id. */
  readonly #known = new Map<string, Known>();
  /** By `application/<application id>` and `user/<name>`, in lower case: what signs in. */
  readonly #byLogin = new Map<string, string>();

  constructor({ store, clock, randomness }: { store: Store; clock: Clock; randomness: Randomness }) {
    this.#store = store;
    this.#clock = clock;
    this.#randomness = randomness;
  }

  async start(): Promise<void> {
    const { documents } = await this.#store.list<PrincipalDocument>(principalsPrefix);
    for (const { value, revision } of documents) this.#remember({ document: value, revision });
  }

  /** Sorted by name. */
  all(): PrincipalDocument[] {
    const documents = [...this.#known.values()].map(({ document }) => document);
    return documents.sort((one, other) => one.name.localeCompare(other.name, "en") || (one.kind < other.kind ? -1 : 1));
  }

  find(objectId: string): PrincipalDocument | undefined {
    return this.#known.get(objectId.toLowerCase())?.document;
  }

  findApplication(applicationId: string): ApplicationDocument | undefined {
    return this.#byName("application", applicationId) as ApplicationDocument | undefined;
  }

  /** Throws NameNotAvailable, and Conflict where there are too many. */
  async create(wanted: ParsedPrincipal): Promise<{ document: PrincipalDocument; issued: IssuedSecret | null }> {
    const { kind, name, displayName, password } = wanted;
    const base = { objectId: this.#randomness.uuid(), name, displayName, createdMs: this.#clock.nowMs() };
    if (kind === "user") {
      const passwordHash = await this.#hasher.hash("password", password ?? "");
      const document: UserDocument = { ...base, kind, passwordHash, passwordSetMs: base.createdMs };
      await this.#add(document);
      return { document, issued: null };
    }
    const { secret, issued } = await this.#makeSecret(wanted.secretDays);
    const applicationId = this.#randomness.uuid();
    const document: ApplicationDocument = { ...base, kind, applicationId, secrets: [secret] };
    await this.#add(document);
    return { document, issued };
  }

  /** Throws ResourceNotFound. */
  async remove(objectId: string): Promise<void> {
    const { document, revision } = this.#require(objectId);
    const key = principalKey(document.objectId);
    await this.#commit({ require: [{ key, revision }], delete: [key] });
    this.#known.delete(document.objectId);
    this.#byLogin.delete(loginOf(document));
  }

  /** Throws ResourceNotFound, InvalidParameter for a user, and Conflict where there are too many secrets. */
  async addSecret(objectId: string, { secretDays, replace }: Required<SecretCreateBody>): Promise<IssuedSecret> {
    this.#requireApplication(objectId);
    const { secret, issued } = await this.#makeSecret(secretDays);
    const { document, revision } = this.#requireApplication(objectId);
    const nowMs = this.#clock.nowMs();
    const kept = replace ? [] : document.secrets.filter(({ expiresMs }) => expiresMs > nowMs);
    if (kept.length >= principalLimits.secretsMax) {
      const text = `${document.name} has ${kept.length} secrets, and may have ${principalLimits.secretsMax}: remove one first.`;
      throw new LarderError("Conflict", text);
    }
    await this.#put({ ...document, secrets: [secret, ...kept] }, revision);
    return issued;
  }

  /** Throws ResourceNotFound, and InvalidParameter for a user. */
  async removeSecret(objectId: string, secretId: string): Promise<void> {
    const { document, revision } = this.#requireApplication(objectId);
    const secrets = document.secrets.filter((secret) => secret.secretId !== secretId);
    if (secrets.length === document.secrets.length)
      throw new LarderError("ResourceNotFound", `${document.name} has no secret ${secretId}.`);
    await this.#put({ ...document, secrets }, revision);
  }

  /** Throws ResourceNotFound, and InvalidParameter for an application. */
  async setPassword(objectId: string, password: string): Promise<void> {
    this.#requireUser(objectId);
    const passwordHash = await this.#hasher.hash("password", password);
    const { document, revision } = this.#requireUser(objectId);
    await this.#put({ ...document, passwordHash, passwordSetMs: this.#clock.nowMs() }, revision);
  }

  findUser(name: string): PrincipalDocument | undefined {
    return this.#byName("user", name);
  }

  /** Who signs in with this name and password; undefined: nobody. Takes as long either way. */
  async userBy(name: string, password: string): Promise<UserDocument | undefined> {
    const user = this.#byName("user", name) as UserDocument | undefined;
    return (await this.#hasher.isMatch("password", password, user?.passwordHash)) ? user : undefined;
  }

  /** Whether the application has this secret, and may still use it. Takes as long either way. */
  async isSecretOf(applicationId: string, given: string): Promise<boolean> {
    const [secretId] = given.split(idSeparator);
    const secrets = this.findApplication(applicationId)?.secrets ?? [];
    const secret = secrets.find((one) => one.secretId === secretId && one.expiresMs > this.#clock.nowMs());
    return this.#hasher.isMatch("client secret", given, secret?.hash);
  }

  #byName(kind: PrincipalDocument["kind"], name: string): PrincipalDocument | undefined {
    return this.find(this.#byLogin.get(`${kind}/${name.toLowerCase()}`) ?? "");
  }

  async #makeSecret(days: number): Promise<{ secret: SecretDocument; issued: IssuedSecret }> {
    const secretId = this.#randomness.bytes(secretIdBytes).toString("hex");
    const text = `${secretId}${idSeparator}${this.#randomness.bytes(secretBytes).toString("base64url")}`;
    const createdMs = this.#clock.nowMs();
    const secret: SecretDocument = {
      secretId,
      hash: await this.#hasher.hash("client secret", text),
      createdMs,
      expiresMs: createdMs + days * dayMs,
    };
    return { secret, issued: { ...secretBody(secret), secret: text } };
  }

  #add(document: PrincipalDocument): Promise<void> {
    return this.#adding.exclusively(async () => {
      if (this.#known.size >= principalLimits.principalsMax)
        throw new LarderError("Conflict", `There are ${principalLimits.principalsMax} principals, and may be no more.`);
      if (this.all().some(({ kind, name }) => kind === document.kind && isSameName(name, document.name)))
        throw new LarderError("NameNotAvailable", `There is ${article(document)} named ${document.name} already.`);
      await this.#put(document, 0);
    });
  }

  async #put(document: PrincipalDocument, revision: number): Promise<void> {
    const key = principalKey(document.objectId);
    const written = await this.#commit({ require: [{ key, revision }], put: [{ key, value: document }] });
    this.#remember({ document, revision: written });
  }

  async #commit(transaction: Parameters<Store["transact"]>[0]): Promise<number> {
    const outcome = await this.#store.transact(transaction);
    if (!outcome.committed)
      throw new LarderError("Conflict", "The principal was changed at the same moment; try again.");
    return outcome.revision;
  }

  #remember(known: Known): void {
    this.#known.set(known.document.objectId, known);
    this.#byLogin.set(loginOf(known.document), known.document.objectId);
  }

  #require(objectId: string): Known {
    const known = this.#known.get(objectId.toLowerCase());
    if (known === undefined) throw new LarderError("ResourceNotFound", `There is no principal ${objectId}.`);
    return known;
  }

  #requireApplication(objectId: string): { document: ApplicationDocument; revision: number } {
    const { document, revision } = this.#require(objectId);
    if (document.kind === "application") return { document, revision };
    throw new LarderError("InvalidParameter", `${document.name} is a user, who has a password and no secrets.`);
  }

  #requireUser(objectId: string): { document: UserDocument; revision: number } {
    const { document, revision } = this.#require(objectId);
    if (document.kind === "user") return { document, revision };
    throw new LarderError("InvalidParameter", `${document.name} is an application, which has secrets and no password.`);
  }
}

/** `sinceSeconds`: when somebody signed in as the user; whole seconds. A new password ends what was before it. */
export function isStillSignedIn({ passwordSetMs }: UserDocument, sinceSeconds: number | undefined): boolean {
  return sinceSeconds === undefined || sinceSeconds >= Math.floor(passwordSetMs / 1_000);
}

export function secretBody({ secretId, createdMs, expiresMs }: SecretDocument): Omit<IssuedSecret, "secret"> {
  return { secretId, createdAt: new Date(createdMs).toISOString(), expiresAt: new Date(expiresMs).toISOString() };
}

function loginOf(document: PrincipalDocument): string {
  const name = document.kind === "user" ? document.name : document.applicationId;
  return `${document.kind}/${name.toLowerCase()}`;
}

function article({ kind }: PrincipalDocument): string {
  return kind === "user" ? "a user" : "an application";
}
