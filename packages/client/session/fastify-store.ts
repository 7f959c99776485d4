/** A store for `@fastify/session`. */
import { answer, type Callback } from "./callback.ts";
import type { UserSession } from "./user-index.ts";
import { type ReadSession, type SessionData, WholeSessions, type WholeSessionsOptions } from "./whole-sessions.ts";

/** How a session that `@fastify/session` copies field by field still says what was read: in a field that JSON leaves out. */
class Remembered {
  readonly read: ReadSession;

  constructor(read: ReadSession) {
    this.read = read;
  }

  toJSON(): undefined {
    return undefined;
  }
}

const rememberedField = "larderRead";

/**
 * For the option `store` of `@fastify/session`. Sessions are saved field by field, and last as long as their cookie's `maxAge`
 * after the last request.
 */
export class FastifySessionStore {
  readonly #sessions: WholeSessions;
  readonly #saved = new WeakMap<object, ReadSession>();

  /** Throws a TypeError that names a wrong option. */
  constructor(options: WholeSessionsOptions) {
    this.#sessions = new WholeSessions(options);
  }

  // biome-ignore lint/suspicious/noExplicitAny: what a session holds is declared by the application
  get(id: string, callback: Callback<any>): void {
    answer(this.#get(id), callback);
  }

  set(id: string, session: object, callback: Callback<void>): void {
    answer(this.#set(id, session), callback);
  }

  destroy(id: string, callback: Callback<void>): void {
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

  async #get(id: string): Promise<SessionData | null> {
    const found = await this.#sessions.get(id);
    return found === undefined ? null : { ...found.data, [rememberedField]: new Remembered(found.read) };
  }

  async #set(id: string, session: object): Promise<void> {
    const remembered = (session as SessionData)[rememberedField];
    const read = this.#saved.get(session) ?? (remembered instanceof Remembered ? remembered.read : undefined);
    this.#saved.set(session, await this.#sessions.set(id, session, read));
  }
}
