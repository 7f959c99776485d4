/** Signs a person in elsewhere, in a browser of his choice, by a code (RFC 8628). */
import { LarderError } from "@larder/api/errors";
import type { Clock } from "../clock.ts";
import { type DeviceAnswer, IssuerRefusal, type OidcIssuer, type TokenAnswer } from "./oidc-issuer.ts";

const grant = "urn:ietf:params:oauth:grant-type:device_code";
/** Where an issuer does not say (RFC 8628, section 3.5). */
const usualIntervalSeconds = 5;

export interface DeviceSignIn {
  issuer: OidcIssuer;
  clientId: string;
  scope: string;
  clock: Clock;
  onCode(answer: DeviceAnswer): void;
}

/** Throws what the issuer refuses with. */
export async function signInByCode({ issuer, clientId, scope, clock, onCode }: DeviceSignIn): Promise<TokenAnswer> {
  const asked = await issuer.device({ client_id: clientId, scope });
  onCode(asked);
  const endMs = clock.monotonicMs() + asked.expires_in * 1_000;
  let intervalMs = (asked.interval ?? usualIntervalSeconds) * 1_000;
  while (clock.monotonicMs() < endMs) {
    await clock.sleep(intervalMs);
    const outcome = await redeem(issuer, { grant_type: grant, client_id: clientId, device_code: asked.device_code });
    if (typeof outcome !== "string") return outcome;
    if (outcome === "slow_down") intervalMs += usualIntervalSeconds * 1_000;
  }
  throw new LarderError("InvalidAuthenticationToken", "Nobody has signed in in time: the code has expired.");
}

async function redeem(issuer: OidcIssuer, form: Record<string, string>): Promise<TokenAnswer | string> {
  try {
    return await issuer.token(form);
  } catch (error) {
    if (!(error instanceof IssuerRefusal)) throw error;
    if (error.error === "authorization_pending" || error.error === "slow_down") return error.error;
    if (error.error === "access_denied")
      throw new LarderError("InvalidAuthenticationToken", "The sign-in was turned down in the browser.");
    throw error;
  }
}
