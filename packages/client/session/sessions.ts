/** All sessions of an application: opens them from cookies, and knows those of each user. */
import { systemClock } from "../clock.ts";
import { serverOf } from "../connection/server.ts";
import { durationMs } from "../duration.ts";
import { systemRandomness } from "../randomness.ts";
import { SessionCookie } from "./cookie.ts";
import { SessionUnavailable } from "./errors.ts";
import { Fields } from "./fields.ts";
import { countOpen } from "./metrics.ts";
import { namespaceOf, type SessionOptions, storeTimes } from "./options.ts";
import { type Opened, Seal } from "./seal.ts";
import { Session } from "./session.ts";
import { idPattern } from "./session-id.ts";
import { SessionWriter } from "./session-writer.ts";
import { type Loaded, SessionStorage } from "./storage.ts";
import { UserIndex, type UserSession } from "./user-index.ts";

export interface Sessions<F extends object = Record<string, unknown>> {
  /**
   * The session of a request, from its Cookie header: in one round trip, which begins its idle time anew, and in none where there
   * is no cookie. A cookie that is forged, cut off, expired or replaced opens a new session, never an error. Rejects with
   * SessionUnavailable, unless `whenUnavailable` says otherwise.
   */
  open(cookieHeader: string | null | undefined): Promise<Session<F>>;
  /** A user's sessions, last seen first. */
  list(user: string): Promise<UserSession[]>;
  /** Ends one of a user's sessions. Whether there was one. */
  signOut(user: string, handle: string): Promise<boolean>;
  /**
   * Ends all sessions of a user, at once, also for requests that are under way; returns how many. `except`: all but this one. Costs
   * as many steps as the user has sessions.
   */
  signOutEverywhere(user: string, options?: { except?: Session<F> }): Promise<number>;
}

/**
 * `const shop = sessions<{ cart: string[] }>({ server, secrets: [secret] })`. Throws a TypeError that names a wrong option.
 */
export function sessions<F extends object = Record<string, unknown>>(options: SessionOptions): Sessions<F> {
  return new CookieSessions<F>(options);
}

class CookieSessions<F extends object> implements Sessions<F> {
  readonly #storage: SessionStorage;
  readonly #index: UserIndex;
  readonly #writer: SessionWriter;
  readonly #cookie: SessionCookie;
  readonly #seal: Seal;
  readonly #whenUnavailable: "reject" | "anonymous";

  constructor(options: SessionOptions) {
    const { whenUnavailable = "reject", randomness = systemRandomness, clock = systemClock, cookie = {} } = options;
    const times = storeTimes(options);
    if (!["reject", "anonymous"].includes(whenUnavailable))
      throw new TypeError('whenUnavailable is "reject" or "anonymous".');
    if (!Array.isArray(options.secrets)) throw new TypeError("secrets is a list of strings or buffers.");
    this.#whenUnavailable = whenUnavailable;
    this.#cookie = cookieWithin(cookie, times.absoluteMs);
    const name = this.#cookie.name;
    this.#seal = new Seal({ name, secrets: options.secrets, isEncrypted: cookie.encrypt ?? false, randomness });
    this.#storage = new SessionStorage({
      server: serverOf(options.server),
      namespace: namespaceOf(options),
      clock,
      ...times,
    });
    this.#index = new UserIndex(this.#storage);
    this.#writer = new SessionWriter({
      storage: this.#storage,
      index: this.#index,
      randomness,
      cookies: { set: (id) => this.#cookie.set(this.#seal.seal(id)), clear: () => this.#cookie.clear() },
    });
  }

  async open(cookieHeader: string | null | undefined): Promise<Session<F>> {
    const sealed = this.#cookie.find(cookieHeader);
    const cookie = this.#firstOf(sealed);
    if (cookie === undefined) {
      countOpen(sealed.length === 0 ? "none" : "forged");
      return new Session<F>(this.#writer, { origin: { is: "new" } });
    }
    let loaded: Loaded | "superseded" | undefined;
    try {
      loaded = await this.#storage.load(cookie.value);
    } catch (error) {
      return this.#unavailable(error);
    }
    return this.#sessionOf(cookie, loaded);
  }

  list(user: string): Promise<UserSession[]> {
    return this.#index.list(user);
  }

  signOut(user: string, handle: string): Promise<boolean> {
    return this.#index.signOut(user, handle);
  }

  signOutEverywhere(user: string, { except }: { except?: Session<F> } = {}): Promise<number> {
    return this.#index.signOutEverywhere(user, except?.handle);
  }

  #firstOf(sealed: readonly string[]): Opened | undefined {
    for (const value of sealed) {
      const opened = this.#seal.open(value);
      if (opened !== undefined && idPattern.test(opened.value)) return opened;
    }
    return undefined;
  }

  /** Throws the error, or goes on without. */
  #unavailable(error: unknown): Session<F> {
    countOpen("unavailable");
    if (this.#whenUnavailable === "reject" || !(error instanceof SessionUnavailable)) throw error;
    return new Session<F>(this.#writer, { origin: { is: "unavailable", cause: error.cause } });
  }

  #sessionOf({ value: id, isStale }: Opened, loaded: Loaded | "superseded" | undefined): Session<F> {
    if (loaded === undefined || loaded === "superseded") {
      countOpen(loaded ?? "ended");
      return new Session<F>(this.#writer, { origin: { is: loaded ?? "new" } });
    }
    countOpen("found");
    const fields = new Fields(loaded.fields);
    return new Session<F>(this.#writer, { origin: { is: "found", id, loaded }, fields, isStale });
  }
}

function cookieWithin(cookie: NonNullable<SessionOptions["cookie"]>, absoluteMs: number): SessionCookie {
  if (cookie.maxAge === undefined) return new SessionCookie(cookie);
  return new SessionCookie({ ...cookie, maxAge: Math.min(durationMs(cookie.maxAge, "cookie.maxAge"), absoluteMs) });
}
