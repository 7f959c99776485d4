/**
 * Whether a name and a password, or a token in its place, let somebody in. It only judges: what becomes of the client is in
 * authentication.ts. A password is judged at once; a token, and whoever's address has failed too often, takes a while.
 *
 * Whoever is refused learns nothing of who is there: a token is looked at whether its user exists or not, so that neither the answer nor
 * its time tells. What was wrong with it is in the connection log.
 */
import type { RouteUser } from "@larder/api";
import type { Clock } from "@larder/service";
import { counters } from "../metrics.ts";
import { LoginThrottle, type Taken } from "./login-throttle.ts";
import { isPasswordOf, type RouteUsers } from "./route-users.ts";
import { type TokenFinding, TokenVerifier, type TokenVerifierOptions } from "./token-verifier.ts";

export interface LoginRequest {
  name: string;
  password: Buffer;
  /** Of the client, without its port. */
  address: string;
  isTls: boolean;
  /** Of the route in force: it may be another one by the time that the token is verified. */
  users(): RouteUsers | undefined;
}

/** `endsMs`: wall time at which the log-in ends; null: never. `reason` is for the log, the error for the client. */
export type LoginVerdict =
  | { user: RouteUser; endsMs: number | null }
  | { user: null; error: string; reason: string; isLast?: boolean };

const tooMany: LoginVerdict = {
  user: null,
  error: "ERR too many failed log-ins from this address; try again later",
  reason: "too many failures",
  isLast: true,
};
const needsTls: LoginVerdict = {
  user: null,
  error: "ERR a token is taken on a TLS connection only; it has been sent in the clear and should not be used again",
  reason: "no TLS",
};
const busy: LoginVerdict = {
  user: null,
  error: "ERR too many log-ins with tokens at once; try again later",
  reason: "too many log-ins",
};
/** Neither whether there is such a user, nor what was wrong. */
export const wrongLogin: LoginVerdict & { user: null } = {
  user: null,
  error: "WRONGPASS invalid username-password pair or user is disabled.",
  reason: "wrong user or password",
};

export class LogIns {
  readonly tokens: TokenVerifier;
  readonly #throttle: LoginThrottle;
  readonly #clock: Clock;

  /** `tellTaken`: the other workers, of what `takenElsewhere` is told there. */
  constructor(options: TokenVerifierOptions & { tellTaken?(taken: Taken): void }) {
    this.tokens = new TokenVerifier(options);
    this.#throttle = new LoginThrottle(options.clock, (taken) => options.tellTaken?.(taken));
    this.#clock = options.clock;
  }

  /** Never rejects. */
  judge(request: LoginRequest): LoginVerdict | Promise<LoginVerdict> {
    const pauseMs = this.#throttle.pauseMs(request.address);
    if (pauseMs === null) {
      counters.larder_gateway_authentications_refused_rate_total++;
      return tooMany;
    }
    if (pauseMs > 0) return this.#judgeLater(request, pauseMs);
    const verdict = this.#look(request);
    if (verdict instanceof Promise) return verdict.then((each) => this.#note(request, each, false));
    return this.#note(request, verdict, false);
  }

  takenElsewhere(taken: Taken): void {
    this.#throttle.takenElsewhere(taken);
  }

  sweep(): void {
    this.tokens.sweep();
    this.#throttle.sweep();
  }

  gauges(): Record<string, number> {
    return {
      larder_gateway_tokens_known: this.tokens.knownCount,
      larder_gateway_addresses_failing: this.#throttle.addressCount,
    };
  }

  async #judgeLater(request: LoginRequest, pauseMs: number): Promise<LoginVerdict> {
    counters.larder_gateway_authentications_delayed_total++;
    await this.#clock.sleep(pauseMs);
    return this.#note(request, await this.#look(request), true);
  }

  #note({ address }: LoginRequest, verdict: LoginVerdict, hasWaited: boolean): LoginVerdict {
    // That there is no room is nobody's mistake.
    if (verdict !== busy) this.#throttle.ended(address, { isGood: verdict.user !== null, hasWaited });
    return verdict;
  }

  #look(request: LoginRequest): LoginVerdict | Promise<LoginVerdict> {
    const users = request.users();
    const user = users?.find(request.name);
    if (user?.objectId === null) return isPasswordOf(user, request.password) ? { user, endsMs: null } : wrongLogin;
    return users?.takesTokens && isLikeToken(request.password) ? this.#lookAtToken(request) : wrongLogin;
  }

  #lookAtToken(request: LoginRequest): LoginVerdict | Promise<LoginVerdict> {
    if (!request.isTls) return needsTls;
    const finding = this.tokens.find(request.password);
    return finding instanceof Promise ? finding.then((each) => verdictOn(request, each)) : verdictOn(request, finding);
  }
}

function verdictOn(request: LoginRequest, finding: TokenFinding): LoginVerdict {
  if (finding.refusal === "too many log-ins") return busy;
  if (finding.refusal !== null) return refusedToken(finding.refusal);
  const user = request.users()?.find(request.name);
  if (user?.objectId?.toLowerCase() === finding.objectId) return { user, endsMs: finding.endsMs };
  return refusedToken(user === undefined ? "its user is not known here" : "of another user");
}

/** Three parts, of which the first is the beginning of a JSON object in base64. */
function isLikeToken(password: Buffer): boolean {
  const text = password.toString("latin1");
  return text.startsWith("eyJ") && text.split(".", 4).length === 3;
}

function refusedToken(reason: string): LoginVerdict {
  counters.larder_gateway_tokens_refused_total++;
  return { ...wrongLogin, reason: `token: ${reason}` };
}
