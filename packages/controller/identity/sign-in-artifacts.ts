/**
 * What the identity provider keeps between requests (sessions, interactions, grants, codes, refresh tokens): the adapter that
 * oidc-provider asks for, over the store. So a sign-in goes on where it was when the controller was restarted.
 *
 * Ids are what a caller shows (a cookie, a code, a token) and therefore secret: a document stands under the hash of its id. Only
 * a device code's is in its document, too, as it is looked for by the code that a person types.
 */
import { createHash } from "node:crypto";
import type { Clock } from "@larder/service";
import { signInArtifactsPrefix } from "../documents/document-keys.ts";
import type { Store, StoredDocument } from "../store/store.ts";
import { identityLimits } from "./identity-limits.ts";
import { Refusal } from "./refusal.ts";

type Payload = Record<string, unknown>;

interface ArtifactDocument {
  payload: Payload;
  expiresMs: number;
}

/** By another name than its id: a session's uid, a user code. */
interface AliasDocument {
  id: string;
  expiresMs: number;
}

const keepsId = "DeviceCode";
const aliases = "alias";
/** Of a kind that the library gives no time to live. */
const defaultSeconds = identityLimits.grantSeconds;
/** What has expired is still found for a while, so that the library can say that it has. */
const lingerMs = 300_000;

export class SignInArtifacts {
  readonly #store: Store;
  readonly #clock: Clock;
  /** How many there are of each kind, those that have expired and are not pruned yet with them. */
  readonly #counts = new Map<string, number>();

  constructor({ store, clock }: { store: Store; clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
  }

  adapter(kind: string): ArtifactAdapter {
    return new ArtifactAdapter(kind, this);
  }

  async find(kind: string, hash: string): Promise<StoredDocument<ArtifactDocument> | undefined> {
    const stored = await this.#store.get<ArtifactDocument>(keyOf(kind, hash));
    return stored !== undefined && stored.value.expiresMs > this.#clock.nowMs() ? stored : undefined;
  }

  async hashByAlias(name: string): Promise<string | undefined> {
    const stored = await this.#store.get<AliasDocument>(keyOf(aliases, hashOf(name)));
    return stored !== undefined && stored.value.expiresMs > this.#clock.nowMs() ? stored.value.id : undefined;
  }

  /** Throws a refusal where there are too many of the kind. */
  async put(
    kind: string,
    hash: string,
    { payload, seconds, alias }: { payload: Payload; seconds: number; alias?: string },
  ) {
    const key = keyOf(kind, hash);
    const isNew = (await this.#store.get(key)) === undefined;
    if (isNew) await this.#makeRoom(kind);
    const expiresMs = this.#clock.nowMs() + seconds * 1_000 + lingerMs;
    const document: ArtifactDocument = { payload, expiresMs };
    const named: AliasDocument = { id: hash, expiresMs };
    await this.#store.transact({
      put: [
        { key, value: document },
        ...(alias === undefined ? [] : [{ key: keyOf(aliases, hashOf(alias)), value: named }]),
      ],
    });
    if (isNew) this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  /** Whether it was there, as it was found, and nobody else was faster. */
  async replace(stored: StoredDocument<ArtifactDocument>, payload: Payload): Promise<boolean> {
    const { key, revision, value } = stored;
    const outcome = await this.#store.transact({
      require: [{ key, revision }],
      put: [{ key, value: { ...value, payload } }],
    });
    return outcome.committed;
  }

  async remove(kind: string, hashes: readonly string[]): Promise<void> {
    const keys: string[] = [];
    for (const hash of hashes) if (await this.#store.get(keyOf(kind, hash))) keys.push(keyOf(kind, hash));
    if (keys.length === 0) return;
    await this.#store.transact({ delete: keys });
    this.#counts.set(kind, (this.#counts.get(kind) ?? keys.length) - keys.length);
  }

  /** Hashes of those of a grant. O(artifacts of the kind). */
  async ofGrant(kind: string, grantId: string): Promise<string[]> {
    const prefix = keyOf(kind, "");
    const { documents } = await this.#store.list<ArtifactDocument>(prefix);
    return documents
      .filter(({ value }) => value.payload["grantId"] === grantId)
      .map(({ key }) => key.slice(prefix.length));
  }

  async #makeRoom(kind: string): Promise<void> {
    const { artifactsMax } = identityLimits;
    if ((this.#counts.get(kind) ?? artifactsMax) < artifactsMax) return;
    await pruneSignInArtifacts(this.#store, this.#clock.nowMs());
    this.#counts.clear();
    const { documents } = await this.#store.list(keyOf(kind, ""));
    this.#counts.set(kind, documents.length);
    if (documents.length >= artifactsMax)
      throw new Refusal("temporarily_unavailable", "Too many are signing in at this moment; try again later.", 503);
  }
}

/** Takes away what has expired. */
export async function pruneSignInArtifacts(store: Store, nowMs: number): Promise<void> {
  const { documents } = await store.list<{ expiresMs: number }>(signInArtifactsPrefix);
  const old = documents.filter(({ value }) => value.expiresMs <= nowMs).map(({ key }) => key);
  if (old.length > 0) await store.transact({ delete: old });
}

/** One kind's, with the names that the library calls. */
export class ArtifactAdapter {
  readonly #kind: string;
  readonly #artifacts: SignInArtifacts;

  constructor(kind: string, artifacts: SignInArtifacts) {
    this.#kind = kind;
    this.#artifacts = artifacts;
  }

  async upsert(id: string, given: Payload, seconds: number | undefined): Promise<void> {
    const { jti: _, ...rest } = given;
    const payload = this.#kind === keepsId ? given : rest;
    const alias = aliasOf(this.#kind, given);
    await this.#artifacts.put(this.#kind, hashOf(id), {
      payload,
      seconds: seconds ?? defaultSeconds,
      ...(alias === undefined ? {} : { alias }),
    });
  }

  async find(id: string): Promise<Payload | undefined> {
    const stored = await this.#artifacts.find(this.#kind, hashOf(id));
    return stored && { ...copyOf(stored.value), jti: id };
  }

  findByUid(uid: string): Promise<Payload | undefined> {
    return this.#findByAlias(uid);
  }

  findByUserCode(userCode: string): Promise<Payload | undefined> {
    return this.#findByAlias(userCode);
  }

  /** Throws where it was consumed before: of two who come at once with one code, one gets nothing. */
  async consume(id: string): Promise<void> {
    const stored = await this.#artifacts.find(this.#kind, hashOf(id));
    const isFirst = stored !== undefined && stored.value.payload["consumed"] === undefined;
    const payload = { ...stored?.value.payload, consumed: true };
    if (isFirst && (await this.#artifacts.replace(stored, payload))) return;
    throw new Refusal("invalid_grant", "It was used already.");
  }

  async destroy(id: string): Promise<void> {
    await this.#artifacts.remove(this.#kind, [hashOf(id)]);
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    await this.#artifacts.remove(this.#kind, await this.#artifacts.ofGrant(this.#kind, grantId));
  }

  async #findByAlias(name: string): Promise<Payload | undefined> {
    const hash = await this.#artifacts.hashByAlias(`${this.#kind}/${name}`);
    const stored = hash === undefined ? undefined : await this.#artifacts.find(this.#kind, hash);
    return stored && copyOf(stored.value);
  }
}

/** The library changes what it gets, and documents are shared by all who read them. */
function copyOf({ payload }: ArtifactDocument): Payload {
  return structuredClone(payload);
}

function aliasOf(kind: string, payload: Payload): string | undefined {
  const name = kind === "Session" ? payload["uid"] : kind === "DeviceCode" ? payload["userCode"] : undefined;
  return typeof name === "string" ? `${kind}/${name}` : undefined;
}

function keyOf(kind: string, hash: string): string {
  return `${signInArtifactsPrefix}${kind}/${hash}`;
}

function hashOf(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}
