/**
 * Sessions for frameworks that read and save them whole. What a request read is remembered with it, so that a save writes the
 * fields that this request changed and no others: requests side by side do not undo each other. A save of a session that has ended
 * rejects with SessionGone, and does not bring it back.
 *
 * Reading begins the idle time anew already; a touch after it costs nothing.
 */
import { systemClock } from "../clock.ts";
import { serverOf } from "../connection/server.ts";
import { SessionGone } from "./errors.ts";
import { type Changes, changesBetween, isEmpty, jsonOf, parsed } from "./fields.ts";
import { namespaceOf, type StoreOptions, storeTimes } from "./options.ts";
import { handleOf } from "./session-id.ts";
import { type Loaded, type Meta, SessionStorage, type Written } from "./storage.ts";
import { UserIndex, type UserSession } from "./user-index.ts";

/** `idle`: where a session's cookie has no `maxAge`; "1d" unless told. `absolute`: "30d" unless told. */
export interface WholeSessionsOptions extends StoreOptions {
  /** Whose a session is, for `list` and `signOutEverywhere`; for example `(session) => session.userId`. */
  userOf?: (session: Record<string, unknown>) => string | undefined;
}

/** What a request has read. */
export interface ReadSession extends Omit<Loaded, "version"> {
  id: string;
  /** 0 where this request has made it. */
  bornMs: number;
}

export type SessionData = Record<string, unknown>;

const defaults = { idle: "1d", absolute: "30d" } as const;

export class WholeSessions {
  readonly #storage: SessionStorage;
  readonly #index: UserIndex;
  readonly #options: WholeSessionsOptions;

  constructor(options: WholeSessionsOptions) {
    const { clock = systemClock, userOf } = options;
    if (userOf !== undefined && typeof userOf !== "function") throw new TypeError("userOf is no function.");
    const server = serverOf(options.server);
    const times = storeTimes(options, defaults);
    this.#options = options;
    this.#storage = new SessionStorage({ server, namespace: namespaceOf(options), clock, ...times });
    this.#index = new UserIndex(this.#storage);
  }

  async get(id: string): Promise<{ data: SessionData; read: ReadSession } | undefined> {
    const loaded = await this.#storage.load(id);
    if (loaded === undefined || loaded === "superseded") return undefined;
    const data = this.#dataOf(loaded.fields);
    return data && { data, read: { ...loaded, id } };
  }

  /** Returns what is stored now, as if it had been read. */
  async set(id: string, session: object, read: ReadSession | undefined): Promise<ReadSession> {
    const { fields, ...what } = this.#described(session);
    if (read?.id === id) return this.#change(read, fields, what);
    const created = await this.#create(id, fields, what);
    if (created !== undefined) return created;
    // Saved by somebody who has not read it: replaced as a whole.
    const found = await this.#storage.load(id);
    if (found === undefined || found === "superseded") throw new SessionGone();
    return this.#change({ ...found, id }, fields, what);
  }

  async touch(id: string, session: object, read: ReadSession | undefined): Promise<void> {
    const { meta } = this.#described(session);
    if (read?.id !== id) return this.#storage.slide(id);
    if (meta.idleMs !== read.idleMs) await this.#storage.update(id, { set: [], remove: [] }, { meta });
  }

  async destroy(id: string): Promise<void> {
    await this.#storage.end(id);
  }

  list(user: string): Promise<UserSession[]> {
    return this.#index.list(user);
  }

  signOutEverywhere(user: string, exceptId?: string): Promise<number> {
    return this.#index.signOutEverywhere(user, exceptId === undefined ? undefined : handleOf(exceptId));
  }

  async #create(id: string, fields: Map<string, string>, what: Described): Promise<ReadSession | undefined> {
    const { meta, user } = what;
    const entered = user === undefined ? undefined : await this.#index.enter(user, id);
    const options = entered === undefined ? { meta } : { meta: { ...meta, user }, indexedMs: entered.sinceMs };
    const written = await this.#storage.create(id, { set: [...fields], remove: [] }, options);
    if (written.is !== "written") {
      if (user !== undefined && entered !== undefined) await this.#index.leave(user, id, entered.sinceMs);
      return undefined;
    }
    return { id, fields, user, bornMs: entered?.sinceMs ?? 0, idleMs: meta.idleMs };
  }

  async #change(read: ReadSession, fields: Map<string, string>, what: Described): Promise<ReadSession> {
    const changes = changesBetween(read.fields, fields);
    const { meta, user } = what;
    const stored = { ...read, fields, user, idleMs: meta.idleMs };
    if (user !== read.user) {
      await this.#changeUser(read, changes, what);
      return stored;
    }
    if (isEmpty(changes) && meta.idleMs === read.idleMs) return stored;
    keptOrThrow(await this.#storage.update(read.id, changes, { meta }));
    return stored;
  }

  async #changeUser(read: ReadSession, changes: Changes, { meta, user }: Described): Promise<void> {
    const entered = user === undefined ? undefined : await this.#index.enter(user, read.id, read.bornMs || undefined);
    const options = entered === undefined ? {} : { indexedMs: entered.nowMs };
    keptOrThrow(await this.#storage.update(read.id, changes, { ...options, meta: { ...meta, user: user ?? null } }));
    // An entry that stays for want of an answer is dropped when the user's sessions are listed.
    if (read.user !== undefined) await this.#index.leave(read.user, read.id, read.bornMs).catch(() => {});
  }

  #described(session: object): Described & { fields: Map<string, string> } {
    const data = { ...session } as SessionData;
    const cookie = storedCookie(data["cookie"]);
    const fields = new Map<string, string>();
    for (const [name, value] of Object.entries({ ...data, cookie })) {
      const json = jsonOf(name, value);
      if (json !== undefined) fields.set(name, json);
    }
    const maxAgeMs = cookie?.["originalMaxAge"];
    const ownIdleMs = typeof maxAgeMs === "number" && maxAgeMs >= 1 ? Math.floor(maxAgeMs) : undefined;
    const idleMs = ownIdleMs ?? this.#storage.options.idleMs;
    return { fields, meta: { idleMs }, user: this.#options.userOf?.(data) };
  }

  #dataOf(fields: ReadonlyMap<string, string>): SessionData | undefined {
    const data: SessionData = {};
    for (const [name, json] of fields) {
      const value = parsed(json);
      if (value !== undefined && name !== "__proto__") data[name] = value;
    }
    const cookie = data["cookie"] as SessionData | undefined;
    if (typeof cookie !== "object" || cookie === null) return undefined;
    const { originalMaxAge } = cookie;
    const { clock = systemClock } = this.#options;
    if (typeof originalMaxAge === "number") cookie["expires"] = new Date(clock.nowMs() + originalMaxAge).toISOString();
    return data;
  }
}

interface Described {
  meta: Meta;
  user: string | undefined;
}

/** When it expires moves with each request, and follows from how long it lasts: stored, it would be a change each time. */
function storedCookie(cookie: unknown): SessionData | undefined {
  const json = jsonOf("cookie", cookie);
  if (json === undefined) return undefined;
  const stored = parsed(json) as SessionData;
  if (typeof stored["originalMaxAge"] !== "number") return stored;
  const { expires: _, originalExpires: __, ...rest } = stored;
  return rest;
}

function keptOrThrow(written: Written): void {
  if (written.is !== "written") throw new SessionGone();
}
