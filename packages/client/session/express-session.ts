/**
 * @larder/client/session/express-session: a store for `express-session`.
 *
 * `app.use(session({ store: new SessionStore({ server }), secret, resave: false, saveUninitialized: false }))`
 */
import { type SessionData as ExpressSessionData, Store } from "express-session";
import { Unsupported } from "../connection/connection.ts";
import { answer, type Callback } from "./callback.ts";
import type { UserSession } from "./user-index.ts";
import { type ReadSession, type SessionData, WholeSessions, type WholeSessionsOptions } from "./whole-sessions.ts";

export type SessionStoreOptions = WholeSessionsOptions;

/** Sessions are saved field by field, and last as long as their cookie's `maxAge` after the last request. */
export class SessionStore extends Store {
  readonly #sessions: WholeSessions;
  /** By the object that carries it through a request: what is read, then what the middleware makes of it. */
  readonly #read = new WeakMap<object, ReadSession>();

  /** Throws a TypeError that names a wrong option. */
  constructor(options: SessionStoreOptions) {
    super();
    this.#sessions = new WholeSessions(options);
  }

  override get(id: string, callback: Callback<ExpressSessionData | null>): void {
    answer(this.#get(id), callback);
  }

  override createSession(...[request, data]: Parameters<Store["createSession"]>): ReturnType<Store["createSession"]> {
    const read = this.#read.get(data);
    const session = super.createSession(request, data);
    if (read !== undefined) this.#read.set(session, read);
    return session;
  }

  /** Rejects with SessionGone when the session has ended meanwhile. */
  override set(id: string, session: ExpressSessionData, callback?: Callback<void>): void {
    answer(this.#set(id, session), callback);
  }

  /** Costs nothing after `get`, unless `maxAge` has changed. */
  override touch(id: string, session: ExpressSessionData, callback?: Callback<void>): void {
    answer(this.#sessions.touch(id, session, this.#read.get(session)), callback);
  }

  override destroy(id: string, callback?: Callback<void>): void {
    answer(this.#sessions.destroy(id), callback);
  }

  /** Of one user, last seen first; `userOf` has to be given. */
  list(user: string): Promise<UserSession[]> {
    return this.#sessions.list(user);
  }

  /** Ends all sessions of a user at once, and returns how many; `userOf` has to be given. `except`: a session's id. */
  signOutEverywhere(user: string, options: { except?: string } = {}): Promise<number> {
    return this.#sessions.signOutEverywhere(user, options.except);
  }

  /** Answers with an error: no list of all sessions is kept, and a search through all keys would hold the server up. */
  override all(callback: Callback<never>): void {
    answer(Promise.reject(notOffered("all")), callback);
  }

  /** As `all`. */
  override length(callback: Callback<never>): void {
    answer(Promise.reject(notOffered("length")), callback);
  }

  /** As `all`. */
  override clear(callback?: Callback<never>): void {
    answer(Promise.reject(notOffered("clear")), callback);
  }

  async #get(id: string): Promise<ExpressSessionData | null> {
    const found = await this.#sessions.get(id);
    if (found === undefined) return null;
    this.#read.set(found.data, found.read);
    return found.data as SessionData & ExpressSessionData;
  }

  async #set(id: string, session: object): Promise<void> {
    this.#read.set(session, await this.#sessions.set(id, session, this.#read.get(session)));
  }
}

function notOffered(what: string): Unsupported {
  return new Unsupported(`The session store does not offer ${what}: no list of all sessions is kept. Use list(user).`);
}
