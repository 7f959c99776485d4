/**
 * @larder/client/session/express-session: a store for `express-session`, which the application hands in, as stores extend a class of it:
 *
 *   app.use(session({ store: sessionStore(session, { server }), secret, resave: false, saveUninitialized: false }));
 */
import type { SessionData as ExpressSessionData, Store } from "express-session";
import { Unsupported } from "../connection/connection.ts";
import { answer, type Callback } from "./callback.ts";
import type { UserSession } from "./user-index.ts";
import { type ReadSession, type SessionData, WholeSessions, type WholeSessionsOptions } from "./whole-sessions.ts";

/** `set` answers with SessionGone when the session has ended meanwhile; `all`, `length` and `clear` with Unsupported. */
export interface SessionStore extends Store {
  /** Of one user, last seen first; `userOf` has to be given. */
  list(user: string): Promise<UserSession[]>;
  /** Ends all sessions of a user at once, and returns how many; `userOf` has to be given. `except`: a session's id. */
  signOutEverywhere(user: string, options?: { except?: string }): Promise<number>;
}

/**
 * Sessions are saved field by field, and last as long as their cookie's `maxAge` after the last request. Throws a TypeError that
 * names a wrong option.
 */
export function sessionStore(session: { Store: typeof Store }, options: WholeSessionsOptions): SessionStore {
  const sessions = new WholeSessions(options);
  /** By the object that carries it through a request: what is read, then what the middleware makes of it. */
  const reads = new WeakMap<object, ReadSession>();

  class FieldStore extends session.Store implements SessionStore {
    override get(id: string, callback: Callback<ExpressSessionData | null>): void {
      answer(load(id), callback);
    }

    override createSession(...[request, data]: Parameters<Store["createSession"]>): ReturnType<Store["createSession"]> {
      const read = reads.get(data);
      const created = super.createSession(request, data);
      if (read !== undefined) reads.set(created, read);
      return created;
    }

    override set(id: string, data: ExpressSessionData, callback?: Callback<void>): void {
      answer(save(id, data), callback);
    }

    /** Costs nothing after `get`, unless `maxAge` has changed. */
    override touch(id: string, data: ExpressSessionData, callback?: Callback<void>): void {
      answer(sessions.touch(id, data, reads.get(data)), callback);
    }

    override destroy(id: string, callback?: Callback<void>): void {
      answer(sessions.destroy(id), callback);
    }

    list(user: string): Promise<UserSession[]> {
      return sessions.list(user);
    }

    signOutEverywhere(user: string, { except }: { except?: string } = {}): Promise<number> {
      return sessions.signOutEverywhere(user, except);
    }

    override all(callback: Callback<never>): void {
      answer(notOffered("all"), callback);
    }

    override length(callback: Callback<never>): void {
      answer(notOffered("length"), callback);
    }

    override clear(callback?: Callback<never>): void {
      answer(notOffered("clear"), callback);
    }
  }

  async function load(id: string): Promise<ExpressSessionData | null> {
    const found = await sessions.get(id);
    if (found === undefined) return null;
    reads.set(found.data, found.read);
    return found.data as SessionData & ExpressSessionData;
  }

  async function save(id: string, data: object): Promise<void> {
    reads.set(data, await sessions.set(id, data, reads.get(data)));
  }

  return new FieldStore();
}

/** A search through all keys would hold the server up for everybody. */
async function notOffered(what: string): Promise<never> {
  throw new Unsupported(`The session store does not offer ${what}: no list of all sessions is kept. Use list(user).`);
}
