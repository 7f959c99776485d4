/**
 * Tokens of who has signed in: those that there are, until shortly before they expire, then others. A refresh token is good for one
 * use, so that commands which run at once take turns.
 */
import { closeSync, openSync, rmSync, statSync } from "node:fs";
import { type Clock, systemClock } from "../clock.ts";
import { CommandError } from "../failure.ts";
import { readGivenFile } from "../given-file.ts";
import { type HeldToken, type Login, loginPath, requireLogin, type TokenPurpose, writeLogin } from "./login-file.ts";
import { IssuerRefusal, OidcIssuer, type TokenAnswer } from "./oidc-issuer.ts";

/** A token has to last for the command, too. */
const renewBeforeMs = 120_000;
/** Where an issuer does not say. */
const usualSeconds = 300;
const turnPollMs = 25;
/** Longer than a renewal takes; whoever left a lock behind is dead by then. */
const turnMsMax = 15_000;

export async function tokenFor(purpose: TokenPurpose, clock: Clock = systemClock): Promise<string> {
  const held = requireLogin().tokens[purpose];
  if (isFresh(held, clock)) return held.token;
  return inTurn(clock, async () => {
    const login = requireLogin();
    const meanwhile = login.tokens[purpose];
    if (isFresh(meanwhile, clock)) return meanwhile.token;
    const answer = await renew(login, purpose);
    const renewed = {
      ...login,
      ...withAnswer(login, answer),
      tokens: { ...login.tokens, [purpose]: heldOf(answer, clock) },
    };
    writeLogin(renewed);
    return answer.access_token;
  });
}

export function heldOf({ access_token: token, expires_in: seconds }: TokenAnswer, clock: Clock): HeldToken {
  return { token, expiresMs: clock.nowMs() + (seconds ?? usualSeconds) * 1_000 };
}

/** Throws where the file cannot be read, and what the issuer refuses with. */
export function tokenBySecret(
  issuer: OidcIssuer,
  { clientId, path, scope }: { clientId: string; path: string; scope: string },
): Promise<TokenAnswer> {
  const secret = readGivenFile(path).trim();
  return issuer.token({ grant_type: "client_credentials", client_id: clientId, client_secret: secret, scope });
}

function withAnswer(login: Login, { refresh_token: refreshToken }: TokenAnswer): Pick<Login, "renewal"> {
  if (login.renewal.by !== "refresh token" || refreshToken === undefined) return { renewal: login.renewal };
  return { renewal: { by: "refresh token", refreshToken } };
}

async function renew(login: Login, purpose: TokenPurpose): Promise<TokenAnswer> {
  const { clientId, renewal } = login;
  const issuer = new OidcIssuer(login);
  const scope = login.scopes[purpose];
  try {
    if (renewal.by === "secret file") return await tokenBySecret(issuer, { clientId, path: renewal.path, scope });
    if (renewal.by === "refresh token")
      return await issuer.token({
        grant_type: "refresh_token",
        client_id: clientId,
        refresh_token: renewal.refreshToken,
        scope,
      });
  } catch (error) {
    if (!(error instanceof IssuerRefusal)) throw error;
    throw new CommandError("InvalidAuthenticationToken", `The sign-in is over: ${error.message}`, signInAgain);
  }
  throw new CommandError("InvalidAuthenticationToken", "The sign-in has expired.", signInAgain);
}

const signInAgain = "sign in again with `larder login`";

function isFresh(held: HeldToken | undefined, clock: Clock): held is HeldToken {
  return held !== undefined && held.expiresMs - renewBeforeMs > clock.nowMs();
}

async function inTurn<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  const lock = `${loginPath()}.lock`;
  const endMs = clock.monotonicMs() + turnMsMax;
  while (!tryLock(lock)) {
    if (clock.monotonicMs() >= endMs || isLeftBehind(lock, clock)) rmSync(lock, { force: true });
    else await clock.sleep(turnPollMs);
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function tryLock(path: string): boolean {
  try {
    closeSync(openSync(path, "wx", 0o600));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function isLeftBehind(path: string, clock: Clock): boolean {
  try {
    return clock.nowMs() - statSync(path).mtimeMs > turnMsMax;
  } catch {
    return false;
  }
}
