/**
 * Which sessions a user has: a sorted set for each user, by when they end at the latest. It lives in another slot than the sessions,
 * so it cannot change together with them. What holds all the same: **every live session of a user is in the user's index.**
 *
 *   signing in   index, then session. A session may only be stored for a while after it was put into the index (`indexedMsMax`).
 *   rotation     new id into the index, then rename, then old id out of the index.
 *   signing out  end the session, or keep its id from being stored for longer than that while (`endedMs`); then out of the index.
 *
 * Whatever stops between two of these leaves an entry without a session, never a session without an entry; such an entry is dropped
 * when the user's sessions are listed, once its session can no longer be on its way.
 */
import type { Reply } from "../connection/connection.ts";
import { SessionUnavailable } from "./errors.ts";
import { enterScript, entriesScript } from "./scripts.ts";
import { handleOf, keyOf, userKeyOf } from "./session-id.ts";
import { type SessionStorage, storageLimits } from "./storage.ts";

/** One of a user's sessions, as a list shows it. */
export interface UserSession {
  /** What ends it: `signOut(user, handle)`. Opens nothing, and stays when the id is rotated. */
  handle: string;
  /** As the sign-in named it. */
  device: string | undefined;
  signedInAtMs: number;
  /** Exact to a minute. */
  lastSeenAtMs: number;
  /** It ends then at the latest. */
  endsAtMs: number;
}

interface Entry {
  id: string;
  sinceMs: number;
  member: string;
}

const batchSize = 200;

export class UserIndex {
  readonly #storage: SessionStorage;

  constructor(storage: SessionStorage) {
    this.#storage = storage;
  }

  /** Before the session is stored. `sinceMs`: for one that began before, or was in the index under another id. */
  async enter(user: string, id: string, sinceMs?: number): Promise<{ sinceMs: number; nowMs: number }> {
    const { absoluteMs, server } = this.#storage.options;
    const args = [String(absoluteMs), id, String(sinceMs ?? "")];
    const reply = (await answered(enterScript.run(server.main, [this.#key(user)], args))) as Reply[];
    return { sinceMs: Number(reply[0]), nowMs: Number(reply[1]) };
  }

  /** After the session has ended. */
  async leave(user: string, id: string, sinceMs: number): Promise<void> {
    await this.#drop(user, [`${id}:${sinceMs}`]);
  }

  async list(user: string): Promise<UserSession[]> {
    const { nowMs, entries } = await this.#entries(user);
    const found = await inBatches(entries, async (entry) => ({ entry, session: await this.#look(user, entry) }));
    const lost = found.filter(({ entry, session }) => !session && entry.sinceMs + storageLimits.endedMs < nowMs);
    if (lost.length > 0)
      await this.#drop(
        user,
        lost.map(({ entry }) => entry.member),
      );
    return found.flatMap(({ session }) => session ?? []).sort((a, b) => b.lastSeenAtMs - a.lastSeenAtMs);
  }

  /** Whether there was one. */
  async signOut(user: string, handle: string): Promise<boolean> {
    const { entries } = await this.#entries(user);
    const ended = await this.#end(
      user,
      entries.filter(({ id }) => handleOf(id) === handle),
    );
    return ended > 0;
  }

  /**
   * Ends all that had signed in when it was called, and returns how many. Again until none is left, as an id may be rotated
   * between the look at the index and the end of its session; a rotated one keeps since when it is in the index.
   */
  async signOutEverywhere(user: string, exceptHandle?: string): Promise<number> {
    let count = 0;
    let untilMs: number | undefined;
    while (true) {
      const { nowMs, entries } = await this.#entries(user);
      untilMs ??= nowMs;
      const limit = untilMs;
      const doomed = entries.filter(({ id, sinceMs }) => sinceMs <= limit && handleOf(id) !== exceptHandle);
      if (doomed.length === 0) return count;
      count += await this.#end(user, doomed);
    }
  }

  async #end(user: string, entries: readonly Entry[]): Promise<number> {
    const ended = await inBatches(entries, ({ id }) => this.#storage.end(id, user));
    if (entries.length > 0)
      await this.#drop(
        user,
        entries.map(({ member }) => member),
      );
    return ended.filter(Boolean).length;
  }

  async #entries(user: string): Promise<{ nowMs: number; entries: Entry[] }> {
    const { server } = this.#storage.options;
    const [nowMs, ...members] = (await answered(entriesScript.run(server.main, [this.#key(user)], []))) as Reply[];
    return { nowMs: Number(nowMs), entries: members.map((member) => entryOf(String(member))) };
  }

  async #look(user: string, { id }: Entry): Promise<UserSession | undefined> {
    const { server, namespace } = this.#storage.options;
    const command = ["HMGET", keyOf(namespace, id), "c", "s", "a", "d", "u"];
    const [born, seen, ends, device, owner] = (await answered(server.main.ask(command))) as (string | null)[];
    if (!ends || owner !== user) return undefined;
    return {
      handle: handleOf(id),
      device: device ?? undefined,
      signedInAtMs: Number(born),
      lastSeenAtMs: Number(seen),
      endsAtMs: Number(ends),
    };
  }

  async #drop(user: string, members: readonly string[]): Promise<void> {
    const { server } = this.#storage.options;
    await inBatches(chunks(members), (some) => answered(server.main.ask(["ZREM", this.#key(user), ...some])));
  }

  #key(user: string): string {
    return userKeyOf(this.#storage.options.namespace, user);
  }
}

function entryOf(member: string): Entry {
  const end = member.lastIndexOf(":");
  return { id: member.slice(0, end), sinceMs: Number(member.slice(end + 1)), member };
}

/** Together, but never more than a batch at once. */
async function inBatches<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const some of chunks(items)) results.push(...(await Promise.all(some.map(work))));
  return results;
}

function chunks<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / batchSize) }, (_, index) =>
    items.slice(index * batchSize, (index + 1) * batchSize),
  );
}

async function answered(reply: Promise<Reply>): Promise<Reply> {
  try {
    return await reply;
  } catch (error) {
    throw new SessionUnavailable(error);
  }
}
