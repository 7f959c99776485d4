/**
 * Who calls: whoever holds the administrator's token of the data directory, or somebody whom an issuer's token names.
 *
 * Every issuer is trusted to name anybody: two that know the same object id mean one principal. Groups in a token count for nothing.
 * A token that was verified is known until it expires, or until an issuer's keys change.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { samePrincipal } from "@larder/api";
import { addressGroup, type Clock, FailedAttempts, type TokenRefusal, verifyToken } from "@larder/service";
import type { Caller } from "../http/api-context.ts";
import type { TokenIssuers } from "../tokens/token-issuers.ts";
import { authorizationLimits } from "./limits.ts";

export const administrator: Caller = {
  kind: "administrator",
  objectId: "00000000-0000-0000-0000-000000000000",
  name: "administrator",
};

const nameLengthMax = 256;

export type Recognition =
  | { caller: Caller }
  | { refusal: TokenRefusal | "no object id" }
  /** The keys of the token's issuer could never be fetched. */
  | { refusal: "issuer silent" }
  /** Too many bad tokens came from the address. */
  | { refusal: "limited"; waitMs: number };

export interface CallersOptions {
  administratorToken: string;
  issuers: TokenIssuers;
  clock: Clock;
}

export class Callers {
  readonly #options: CallersOptions;
  readonly #administrator: Buffer;
  readonly #failed: FailedAttempts;
  /** By the token's SHA-256: the tokens themselves are not kept. */
  readonly #known = new Map<string, { caller: Caller; expiresMs: number }>();
  #failures = 0;
  #limited = 0;

  constructor(options: CallersOptions) {
    this.#options = options;
    this.#administrator = digest(options.administratorToken);
    this.#failed = new FailedAttempts(authorizationLimits.badTokens, options.clock);
    options.issuers.listen(() => this.#known.clear());
  }

  /** For `GET /metrics`. */
  get samples(): readonly (readonly [string, number])[] {
    return [
      ["larder_api_authentication_failures_total", this.#failures],
      ["larder_api_authentication_limited_total", this.#limited],
      ["larder_api_tokens_known", this.#known.size],
    ];
  }

  /** Where a token is to be had, by the first issuer; undefined: nowhere. */
  get issuer(): string | undefined {
    return this.#options.issuers.published()[0]?.issuer;
  }

  /** Who is known is let in whatever else comes from the address: behind one there can be many. */
  async recognize(token: string, address: string): Promise<Recognition> {
    const seen = digest(token);
    if (timingSafeEqual(seen, this.#administrator)) return { caller: administrator };
    const key = seen.toString("base64");
    const known = this.#known.get(key);
    if (known !== undefined && known.expiresMs > this.#options.clock.nowMs()) return known;
    const waitMs = this.#failed.waitMs(addressGroup(address));
    if (waitMs > 0) {
      this.#limited++;
      return { refusal: "limited", waitMs };
    }
    const recognition = await this.#verify(token, key);
    if ("refusal" in recognition && recognition.refusal !== "issuer silent") {
      this.#failures++;
      this.#failed.failed(addressGroup(address));
    }
    return recognition;
  }

  async #verify(token: string, key: string): Promise<Recognition> {
    const { issuers, clock } = this.#options;
    let verdict = await verifyToken(token, issuers.find, clock.nowMs());
    if (verdict.refusal === "unknown key") {
      await issuers.lookFor(verdict);
      verdict = await verifyToken(token, issuers.find, clock.nowMs());
    }
    if (verdict.refusal !== null) {
      const { issuer } = verdict;
      const hasKeys = issuers.published().some((each) => each.issuer === issuer && each.keys.length > 0);
      const isSilent = verdict.refusal === "unknown key" && !hasKeys;
      return { refusal: isSilent ? "issuer silent" : verdict.refusal };
    }
    const caller = callerOf(verdict.claims);
    if (caller === undefined) return { refusal: "no object id" };
    this.#keep(key, { caller, expiresMs: verdict.expiresMs });
    return { caller };
  }

  #keep(key: string, known: { caller: Caller; expiresMs: number }): void {
    this.#known.delete(key);
    this.#known.set(key, known);
    if (this.#known.size > authorizationLimits.tokensKeptMax)
      this.#known.delete(this.#known.keys().next().value as string);
  }
}

function callerOf(claims: Record<string, unknown>): Caller | undefined {
  const objectId = textOf(claims["oid"]) ?? textOf(claims["sub"]);
  if (objectId === undefined) return undefined;
  const names = ["name", "preferred_username", "upn", "appid", "azp"].map((claim) => textOf(claims[claim]));
  const name = names.find((found) => found !== undefined) ?? objectId;
  return { kind: "principal", objectId: samePrincipal(objectId), name: name.slice(0, nameLengthMax) };
}

function textOf(claim: unknown): string | undefined {
  return typeof claim === "string" && claim !== "" ? claim : undefined;
}

/** Of equal length for every token, so that comparing tells nothing about the length either. */
function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
