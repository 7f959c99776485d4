/** Does what a commit has decided: the steps in the server, in an order in which none of a user's sessions is ever missed. */
import type { Randomness } from "../randomness.ts";
import type { CommitStep, Intent, Origin } from "./commit-plan.ts";
import { SessionConflict, SessionGone, SessionSuperseded, SessionUnavailable } from "./errors.ts";
import { type Changes, isEmpty } from "./fields.ts";
import { countCommit } from "./metrics.ts";
import type { SessionStorage, Written } from "./storage.ts";
import type { UserIndex } from "./user-index.ts";

export interface CommitRequest {
  step: CommitStep;
  origin: Origin;
  intent: Intent;
  changes: Changes;
  /** What was read with the changes, for a session that begins with it. */
  whole: () => Changes;
  newId: string;
  /** The browser was told `newId` already. */
  isCookieSent: boolean;
  ifUnchanged: boolean;
}

export interface CommitResult {
  origin: Origin;
  /** Written to the session that replaced it: the id of that one is not for this request. */
  isForwarded: boolean;
}

export interface EndedSession {
  id: string;
  user: string | undefined;
  bornMs: number;
}

interface Found {
  request: CommitRequest;
  id: string;
  loaded: Extract<Origin, { is: "found" }>["loaded"];
}

/** How often one request follows a session whose id is rotated again and again. */
const forwardsMax = 5;

export class SessionWriter {
  readonly #storage: SessionStorage;
  readonly #index: UserIndex;
  readonly cookies: { set(id: string): string; clear(): string };
  readonly randomness: Randomness;

  constructor(parts: {
    storage: SessionStorage;
    index: UserIndex;
    cookies: { set(id: string): string; clear(): string };
    randomness: Randomness;
  }) {
    this.#storage = parts.storage;
    this.#index = parts.index;
    this.cookies = parts.cookies;
    this.randomness = parts.randomness;
  }

  async end(sessions: readonly EndedSession[]): Promise<void> {
    for (const { id, user, bornMs } of sessions) {
      await this.#storage.end(id);
      if (user !== undefined) await this.#leave(user, id, bornMs);
    }
  }

  async write(request: CommitRequest): Promise<CommitResult> {
    if (request.step === "nothing") return { origin: request.origin, isForwarded: false };
    try {
      const result = await this.#write(request);
      countCommit("written");
      return result;
    } catch (error) {
      countCommit((error as { code?: string }).code ?? "failed");
      throw error;
    }
  }

  #write(request: CommitRequest): Promise<CommitResult> {
    const { step, origin } = request;
    if (step === "reject: superseded") throw new SessionSuperseded();
    if (origin.is === "unavailable") throw new SessionUnavailable(origin.cause);
    if (origin.is !== "found") return this.#create(request);
    const found = { request, id: origin.id, loaded: origin.loaded };
    if (step === "update") return this.#update(found);
    return request.intent.is === "sign in" ? this.#signIn(found, request.intent) : this.#rotate(found);
  }

  async #create(request: CommitRequest): Promise<CommitResult> {
    const { newId, intent, changes } = request;
    if (intent.is !== "sign in") return this.#createWith(newId, changes, {});
    const { sinceMs: indexedMs } = await this.#index.enter(intent.user, newId);
    return this.#createWith(newId, changes, { user: intent.user, device: intent.device, indexedMs });
  }

  async #createWith(
    id: string,
    changes: Changes,
    { indexedMs, ...meta }: { user?: string; device?: string | undefined; indexedMs?: number },
  ): Promise<CommitResult> {
    const options = indexedMs === undefined ? { meta } : { indexedMs, meta };
    const written = await this.#storage.create(id, changes, options);
    if (written.is !== "written") throw new SessionGone();
    const loaded = { user: meta.user, bornMs: indexedMs ?? 0, version: written.version, idleMs: undefined };
    return { origin: { is: "found", id, loaded }, isForwarded: false };
  }

  async #update(found: Found): Promise<CommitResult> {
    const { request, loaded } = found;
    let { id } = found;
    for (let forwards = 0; forwards <= forwardsMax; forwards++) {
      const options = request.ifUnchanged ? { version: loaded.version } : {};
      const written = await this.#storage.update(id, request.changes, options);
      if (written.is === "replaced") id = written.by;
      else
        return {
          origin: { ...found, is: "found", loaded: withVersion(loaded, written) },
          isForwarded: id !== found.id,
        };
    }
    throw new SessionGone();
  }

  async #signIn(found: Found, intent: Extract<Intent, { is: "sign in" }>): Promise<CommitResult> {
    const { request, id, loaded } = found;
    const { user, device } = intent;
    const { sinceMs: indexedMs } = await this.#index.enter(user, request.newId);
    const meta = { user, device };
    const options = { ...versionOf(found), indexedMs, meta };
    const written = await this.#storage.rotate({ old: id, new: request.newId }, request.changes, options);
    // A second sign-in of the same visitor, or one whose anonymous session has expired: a session of its own, with what this request
    // saw. Never the first one's, whose id would go to whoever else held the old.
    const beginsAnew = written.is === "replaced" || (written.is === "gone" && loaded.user === undefined);
    if (beginsAnew) return this.#createWith(request.newId, request.whole(), { ...meta, indexedMs });
    const version = withVersion(loaded, written);
    if (loaded.user !== undefined) await this.#leave(loaded.user, id, loaded.bornMs);
    return {
      origin: { is: "found", id: request.newId, loaded: { ...version, user, bornMs: indexedMs } },
      isForwarded: false,
    };
  }

  async #rotate(found: Found): Promise<CommitResult> {
    const { request, id, loaded } = found;
    const { user, bornMs } = loaded;
    if (user !== undefined) await this.#index.enter(user, request.newId, bornMs);
    const written = await this.#storage.rotate({ old: id, new: request.newId }, request.changes, versionOf(found));
    if (written.is === "replaced") {
      // Another request has rotated it, and its answer carries the cookie.
      if (request.isCookieSent) throw new SessionConflict();
      if (isEmpty(request.changes)) return { origin: request.origin, isForwarded: true };
      return this.#update(found);
    }
    const version = withVersion(loaded, written);
    if (user !== undefined) await this.#leave(user, id, bornMs);
    return { origin: { is: "found", id: request.newId, loaded: version }, isForwarded: false };
  }

  /** An entry that stays for want of an answer is dropped when the user's sessions are listed. */
  async #leave(user: string, id: string, bornMs: number): Promise<void> {
    await this.#index.leave(user, id, bornMs).catch(() => {});
  }
}

function versionOf({ request, loaded }: Found): { version?: string } {
  return request.ifUnchanged ? { version: loaded.version } : {};
}

function withVersion<L extends { version: string }>(loaded: L, written: Written): L {
  if (written.is === "conflict") throw new SessionConflict();
  if (written.is !== "written") throw new SessionGone();
  return { ...loaded, version: written.version };
}
