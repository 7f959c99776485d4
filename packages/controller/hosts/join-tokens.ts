/**
 * Tokens by which one host each may join. The store has the hash of the secret only. A token is used in the transaction
 * that makes the host, so that none joins twice; what has expired is swept out when the next is made.
 */
import { createHash } from "node:crypto";
import { formatJoinToken, hostLimits, type JoinAnswer, type JoinRequest, LarderError } from "@larder/api";
import type { Clock, Randomness } from "@larder/service";
import { joinTokenKey, joinTokensPrefix } from "../documents/document-keys.ts";
import type { JoinTokenDocument } from "../documents/host-document.ts";
import type { Store, StoredDocument } from "../store/store.ts";
import type { HostCertificates } from "./host-certificates.ts";
import type { Hosts } from "./hosts.ts";

const secretBytes = 32;

export interface JoinTokensOptions {
  store: Store;
  hosts: Hosts;
  certificates: HostCertificates;
  clock: Clock;
  randomness: Randomness;
}

export class JoinTokens {
  readonly #options: JoinTokensOptions;

  constructor(options: JoinTokensOptions) {
    this.#options = options;
  }

  async create(): Promise<{ token: string; expiresMs: number }> {
    const { store, certificates, clock, randomness } = this.#options;
    const bytes = randomness.bytes(secretBytes);
    const expiresMs = clock.nowMs() + hostLimits.tokenMs;
    const document: JoinTokenDocument = { expiresMs, used: null };
    const key = keyOf(bytes.toString("base64url"));
    await store.transact({ put: [{ key, value: document }], delete: await this.#expired() });
    return { token: formatJoinToken({ secret: bytes, pin: certificates.pin }), expiresMs };
  }

  /** Makes the host and certifies its key. Throws JoinRefused, NameNotAvailable and InvalidParameter. */
  async join(request: JoinRequest): Promise<JoinAnswer> {
    const { store, hosts, certificates, randomness } = this.#options;
    const stored = await this.#usable(request);
    const hostId = stored.value.used?.hostId ?? randomness.uuid();
    await hosts.requireNotRemoved(hostId);
    const { certificatePem, certificate } = await certificates.certify({ ...request, hostId });
    const used = { hostId, publicKeySha256: publicKeySha256(request) };
    const host = await hosts.joining({ ...request, hostId }, certificate);
    const token: JoinTokenDocument = { ...stored.value, used };
    const outcome = await store.transact({
      require: [{ key: stored.key, revision: stored.revision }, ...host.require],
      put: [{ key: stored.key, value: token }, ...host.put],
    });
    if (!outcome.committed) throw refused("The join token was used at the same moment by somebody else.");
    return { hostId, certificatePem };
  }

  async #usable(request: JoinRequest): Promise<StoredDocument<JoinTokenDocument>> {
    const { store, clock } = this.#options;
    const stored = await store.get<JoinTokenDocument>(keyOf(request.secret));
    if (stored === undefined) throw refused("The join token is not one of this service, or has long expired.");
    const { used, expiresMs } = stored.value;
    if (clock.nowMs() >= expiresMs) throw refused("The join token has expired.");
    if (used !== null && used.publicKeySha256 !== publicKeySha256(request))
      throw refused("The join token was used already: each is for one host.");
    return stored;
  }

  async #expired(): Promise<string[]> {
    const { store, clock } = this.#options;
    const { documents } = await store.list<JoinTokenDocument>(joinTokensPrefix);
    return documents.filter(({ value }) => value.expiresMs <= clock.nowMs()).map(({ key }) => key);
  }
}

function keyOf(secret: string): string {
  return joinTokenKey(createHash("sha256").update(secret).digest("hex"));
}

function publicKeySha256({ publicKeyPem }: JoinRequest): string {
  return createHash("sha256").update(publicKeyPem.trim()).digest("hex");
}

function refused(text: string): LarderError {
  return new LarderError("JoinRefused", `${text} Make another with \`larder host add\`.`);
}
