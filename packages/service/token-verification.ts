/**
 * Whether a token counts that a client or a caller of the API shows: a JWT that an issuer has signed with one of its public keys, for
 * one of the audiences, and that is good now. What it allows is not decided here.
 *
 * Signatures with a shared secret, and none, are never taken, whatever the token says of itself: a public key must not become one.
 * Signatures are JWS (RFC 7515), claims JWT's (RFC 7519).
 */
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";

export const tokenRules = {
  /** A longer one is not looked at. */
  tokenBytesMax: 16 * 1024,
  /** By so much may the clocks of issuer and verifier differ. */
  leewayMs: 10_000,
} as const;

const algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

export interface KnownIssuer {
  audiences: readonly string[];
  /** As jose's `createLocalJWKSet` gives it: throws JWKSNoMatchingKey for a key that is not known. */
  findKey: JWTVerifyGetKey;
}

export type TokenRefusal =
  | "malformed"
  | "unknown issuer"
  | "unknown key"
  | "bad signature"
  | "other audience"
  | "expired"
  | "not yet valid";

export type TokenVerdict =
  | { claims: JWTPayload; expiresMs: number; refusal: null }
  /** With an unknown key: whose it is said to be, so that it can be asked for. */
  | { refusal: TokenRefusal; issuer: string; keyId: string };

/** `issuerOf` is given what the token claims. `nowMs` is wall time. Never rejects. */
export async function verifyToken(
  token: string,
  issuerOf: (issuer: string) => KnownIssuer | undefined,
  nowMs: number,
): Promise<TokenVerdict> {
  const shown = showing(token);
  if (shown === undefined) return { refusal: "malformed", issuer: "", keyId: "" };
  const issuer = issuerOf(shown.issuer);
  if (issuer === undefined) return { refusal: "unknown issuer", ...shown };
  try {
    const { payload } = await jwtVerify(token, issuer.findKey, {
      algorithms,
      issuer: shown.issuer,
      requiredClaims: ["exp"],
      clockTolerance: tokenRules.leewayMs / 1_000,
      currentDate: new Date(nowMs),
    });
    if (!isFor(payload.aud, issuer.audiences)) return { refusal: "other audience", ...shown };
    return { claims: payload, expiresMs: Number(payload.exp) * 1_000, refusal: null };
  } catch (error) {
    return { refusal: refusalFor(error), ...shown };
  }
}

/** An audience as it is configured, which may be a scope: without its `/.default`, and without a slash at the end. */
export function plainAudience(audience: string): string {
  return withoutSlash(audience.replace(/\/\.default$/, ""));
}

/** Letter for letter, but for a slash at the end: as Microsoft's own libraries compare. Their clients name it both with and without. */
function isFor(audience: unknown, wanted: readonly string[]): boolean {
  const named = [audience].flat().filter((each) => typeof each === "string");
  return named.some((each) => wanted.some((one) => plainAudience(one) === withoutSlash(each)));
}

function withoutSlash(audience: string): string {
  return audience.replace(/\/$/, "");
}

/** What it says of itself, of which nothing is believed yet. */
function showing(token: string): { issuer: string; keyId: string } | undefined {
  if (token.length > tokenRules.tokenBytesMax) return undefined;
  try {
    const { iss } = decodeJwt(token);
    const { kid = "" } = decodeProtectedHeader(token);
    return typeof iss === "string" && typeof kid === "string" ? { issuer: iss, keyId: kid } : undefined;
  } catch {
    return undefined;
  }
}

function refusalFor(error: unknown): TokenRefusal {
  if (error instanceof errors.JWKSNoMatchingKey) return "unknown key";
  if (error instanceof errors.JWTExpired) return "expired";
  if (!(error instanceof errors.JWTClaimValidationFailed)) return "bad signature";
  return error.claim === "nbf" && error.reason === "check_failed" ? "not yet valid" : "malformed";
}
