/**
 * Whose token a client has shown: verified with the keys that came with the routes, so that it goes on without the controller.
 *
 * A token that was found good is remembered by its SHA-256 until it expires or the keys change: a pool of connections with one token
 * costs one verification. Only so many are verified at once, and only so many wait for that.
 *
 * A key that no table had is asked for at the controller, which asks the issuer. Whoever waits for that holds up nobody else.
 */
import { createHash } from "node:crypto";
import type { TokenIssuer, TokenKeyQuestion } from "@larder/api";
import { type Clock, type KnownIssuer, type TokenRefusal, tokenRules, verifyToken } from "@larder/service";
import { createLocalJWKSet, errors, type JWK } from "jose";
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";

export type TokenFinding =
  | { objectId: string; endsMs: number; refusal: null }
  | { refusal: TokenRefusal | "too many log-ins" };

interface KnownToken {
  objectId: string;
  /** Wall time. */
  endsMs: number;
}

export interface TokenVerifierOptions {
  clock: Clock;
  /** Resolves once the controller has looked for the key and what it found is here. Never rejects. */
  askForKey(question: TokenKeyQuestion): Promise<void>;
}

export class TokenVerifier {
  readonly #options: TokenVerifierOptions;
  #issuers: ReadonlyMap<string, KnownIssuer> = new Map();
  #issuersText = "";
  /** In the order in which they were found good. */
  readonly #known = new Map<string, KnownToken>();
  readonly #underWay = new Map<string, Promise<TokenFinding>>();
  readonly #asking = new Map<string, Promise<void>>();
  #verifying = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(options: TokenVerifierOptions) {
    this.#options = options;
  }

  /** Tokens that were found good before are looked at again where anything is other than it was. */
  useIssuers(issuers: readonly TokenIssuer[]): void {
    const text = JSON.stringify(issuers);
    if (text === this.#issuersText) return;
    this.#issuersText = text;
    this.#known.clear();
    this.#underWay.clear();
    this.#issuers = new Map(
      issuers.map(({ issuer, audiences, keys }) => [issuer, { audiences, findKey: finderOf(keys as JWK[]) }]),
    );
  }

  /** At once where the token is known. Never rejects. */
  find(token: Buffer): TokenFinding | Promise<TokenFinding> {
    if (token.length > tokenRules.tokenBytesMax) return { refusal: "malformed" };
    const digest = createHash("sha256").update(token).digest("base64");
    const known = this.#known.get(digest);
    if (known !== undefined && known.endsMs > this.#options.clock.nowMs()) return { ...known, refusal: null };
    const begun = this.#underWay.get(digest);
    if (begun !== undefined) return begun;
    if (this.#waiting.length >= limits.tokenVerificationsWaitingMax) {
      counters.larder_gateway_token_verifications_refused_total++;
      return { refusal: "too many log-ins" };
    }
    const finding = this.#findAnew(token.toString("utf8"), digest).finally(() => {
      if (this.#underWay.get(digest) === finding) this.#underWay.delete(digest);
    });
    this.#underWay.set(digest, finding);
    return finding;
  }

  /** Now and then: what has expired is forgotten. */
  sweep(): void {
    const nowMs = this.#options.clock.nowMs();
    for (const [digest, { endsMs }] of this.#known) if (endsMs <= nowMs) this.#known.delete(digest);
  }

  get knownCount(): number {
    return this.#known.size;
  }

  async #findAnew(token: string, digest: string): Promise<TokenFinding> {
    const issuers = this.#issuers;
    let verdict = await this.#verifyInTurn(token);
    if (verdict.refusal === "unknown key" && (await this.#askForKey(verdict)))
      verdict = await this.#verifyInTurn(token);
    if (verdict.refusal !== null) return { refusal: verdict.refusal };
    const { oid } = verdict.claims;
    if (typeof oid !== "string" || oid === "") return { refusal: "malformed" };
    const found = { objectId: oid.toLowerCase(), endsMs: verdict.expiresMs + tokenRules.leewayMs };
    // With other keys it may not be good any more.
    if (issuers === this.#issuers) this.#remember(digest, found);
    return { ...found, refusal: null };
  }

  async #verifyInTurn(token: string) {
    if (this.#verifying >= limits.tokenVerificationsMax)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#verifying++;
    try {
      counters.larder_gateway_token_verifications_total++;
      return await verifyToken(token, (issuer) => this.#issuers.get(issuer), this.#options.clock.nowMs());
    } finally {
      // Whoever waits has the turn from here on.
      const next = this.#waiting.shift();
      if (next === undefined) this.#verifying--;
      else next();
    }
  }

  /** Whether it was asked for, once for all who wait for the same. */
  async #askForKey({ issuer, keyId }: TokenKeyQuestion): Promise<boolean> {
    const name = JSON.stringify([issuer, keyId]);
    const asked = this.#asking.get(name);
    if (asked === undefined && this.#asking.size >= limits.tokenKeysAskedMax) return false;
    const asking = asked ?? this.#options.askForKey({ issuer, keyId }).finally(() => this.#asking.delete(name));
    this.#asking.set(name, asking);
    await asking;
    return true;
  }

  #remember(digest: string, token: KnownToken): void {
    this.#known.set(digest, token);
    if (this.#known.size <= limits.tokensKnownMax) return;
    for (const oldest of this.#known.keys()) return void this.#known.delete(oldest);
  }
}

function finderOf(keys: JWK[]): KnownIssuer["findKey"] {
  if (keys.length > 0) return createLocalJWKSet({ keys });
  return () => {
    throw new errors.JWKSNoMatchingKey();
  };
}
