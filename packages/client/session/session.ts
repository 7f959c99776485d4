/**
 * The session of one request. What is read was read when it was opened; what is changed is kept by `commit()`, field by field.
 *
 * Nothing is stored, and no cookie is set, until something is put into it. A session that ended while the request ran is not
 * brought back: `commit()` rejects with SessionGone if there was something to keep.
 */
import { type CommitStep, type Intent, type Origin, planCommit } from "./commit-plan.ts";
import { type Changes, Fields, isEmpty } from "./fields.ts";
import { handleOf, newId, rotatedId } from "./session-id.ts";
import type { EndedSession, SessionWriter } from "./session-writer.ts";

export interface CommitOptions {
  /** Rejects with SessionConflict, and keeps nothing, if another request has written to the session since this one read it. */
  ifUnchanged?: boolean;
}

export type Name<F> = keyof F & string;

export class Session<F extends object = Record<string, unknown>> {
  readonly #writer: SessionWriter;
  #origin: Origin;
  #fields: Fields;
  #intent: Intent = { is: "keep" };
  /** The cookie was sealed by an older secret. */
  #isStale: boolean;
  #ending: EndedSession[] = [];
  /** An id that `setCookie()` has made for a session that is not stored yet. */
  #nextId: string | undefined;
  #isDestroyed = false;
  #isCookieSent = false;
  /** The last commit that had something to do. */
  #committing: Promise<unknown> | undefined;

  /** Sessions are made by `open()`. */
  constructor(writer: SessionWriter, opened: { origin: Origin; fields?: Fields; isStale?: boolean }) {
    this.#writer = writer;
    this.#origin = opened.origin;
    this.#fields = opened.fields ?? new Fields();
    this.#isStale = opened.isStale ?? false;
  }

  /** Nothing of it is stored. */
  get isNew(): boolean {
    return this.#origin.is !== "found";
  }

  /** Who has signed in, as `signIn` said. */
  get user(): string | undefined {
    if (this.#intent.is === "sign in") return this.#intent.user;
    return this.#origin.is === "found" ? this.#origin.loaded.user : undefined;
  }

  /** What the session is called in the list of a user's sessions; none before it is stored. No secret, and stays when the id is rotated. */
  get handle(): string | undefined {
    return this.#origin.is === "found" ? handleOf(this.#origin.id) : undefined;
  }

  /** `undefined` where there is none. What is altered in the returned object is kept, too. */
  get<N extends Name<F>>(name: N): F[N] | undefined {
    return this.#fields.get(name) as F[N] | undefined;
  }

  has(name: Name<F>): boolean {
    return this.#fields.get(name) !== undefined;
  }

  /** Anything that JSON can hold; `undefined` removes it. */
  set<N extends Name<F>>(name: N, value: F[N] | undefined): this {
    this.#fields.set(name, value);
    return this;
  }

  delete(name: Name<F>): this {
    this.#fields.remove(name);
    return this;
  }

  names(): Name<F>[] {
    return this.#fields.names() as Name<F>[];
  }

  /** Removes all fields that were read. The session itself stays. */
  clear(): this {
    for (const name of this.#fields.names()) this.#fields.remove(name);
    return this;
  }

  /**
   * From the commit on the session is this user's, under a new id; the old one is dead. Its absolute time begins anew, and its
   * fields stay, unless another user had signed in before. `device`: what the user's list of sessions calls it.
   */
  signIn(user: string, options: { device?: string } = {}): this {
    if (typeof user !== "string" || user === "")
      throw new TypeError("signIn needs the user's name or number as a string.");
    if (this.user !== undefined && this.user !== user) this.clear();
    this.#intent = { is: "sign in", user, device: options.device };
    return this;
  }

  /** From the commit on it has another id: after anything that gives the session more rights. `signIn` does it by itself. */
  rotate(): this {
    if (this.#intent.is === "keep") this.#intent = { is: "rotate" };
    return this;
  }

  /** From the commit on it is gone, with all its fields; what is set after this begins a new one. */
  destroy(): this {
    if (this.#origin.is === "found") {
      this.#ending.push({ id: this.#origin.id, ...this.#origin.loaded });
      this.#isDestroyed = true;
      this.#origin = { is: "new" };
    }
    this.#fields = new Fields();
    this.#intent = { is: "keep" };
    this.#nextId = undefined;
    return this;
  }

  /**
   * What `commit()` will return as things are now, for responses whose head leaves before the session is kept. A new session
   * that is begun after that has no cookie.
   */
  setCookie(): string | undefined {
    const cookie = this.#cookieFor(this.#plan(this.#changes()));
    this.#isCookieSent = true;
    return cookie;
  }

  /**
   * Keeps what was changed, in one round trip (a sign-in: three), and returns the Set-Cookie header to send, if any. Rejects with
   * SessionUnavailable, SessionGone, SessionSuperseded or SessionConflict, and with a TypeError or RangeError for what cannot be kept.
   */
  async commit(options: CommitOptions = {}): Promise<string | undefined> {
    if (this.#isUntouched()) return undefined;
    const done = (this.#committing ?? Promise.resolve()).then(() => this.#commit(options));
    this.#committing = done.catch(() => {});
    return done;
  }

  /** As in most requests: there is nothing to do for `#commit`, and nothing to wait for. */
  #isUntouched(): boolean {
    if (this.#committing !== undefined || this.#intent.is !== "keep" || this.#ending.length > 0) return false;
    if (this.#isStale || this.#isDestroyed || this.#isCookieSent) return false;
    return !this.#fields.hasChanges();
  }

  async #commit({ ifUnchanged = false }: CommitOptions): Promise<string | undefined> {
    await this.#writer.end(this.#ending);
    this.#ending = [];
    const changes = this.#changes();
    const step = this.#plan(changes);
    const cookie = this.#cookieFor(step);
    const { origin, isForwarded } = await this.#writer.write({
      step,
      origin: this.#origin,
      intent: this.#intent,
      changes,
      whole: () => this.#fields.whole(),
      newId: this.#nextId ?? "",
      isCookieSent: this.#isCookieSent,
      ifUnchanged,
    });
    this.#fields.kept(changes);
    this.#origin = origin;
    this.#intent = { is: "keep" };
    this.#nextId = undefined;
    this.#isStale = this.#isDestroyed = this.#isCookieSent = false;
    return isForwarded ? undefined : cookie;
  }

  #plan(changes: Changes): CommitStep {
    return planCommit(this.#origin, this.#intent, !isEmpty(changes));
  }

  #changes(): Changes {
    return this.#origin.is === "found" ? this.#fields.changes() : this.#fields.whole();
  }

  #cookieFor(step: CommitStep): string | undefined {
    const { cookies, randomness } = this.#writer;
    const origin = this.#origin;
    if (step === "create") this.#nextId ??= newId(randomness);
    if (step === "rotate" && origin.is === "found") this.#nextId ??= rotatedId(origin.id, randomness);
    if (step === "create" || step === "rotate") return cookies.set(this.#nextId ?? "");
    if (this.#isStale && origin.is === "found") return cookies.set(origin.id);
    return this.#isDestroyed ? cookies.clear() : undefined;
  }
}
