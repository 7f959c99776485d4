/** Sessions in the server: each call is one round trip, and rejects with SessionUnavailable when there is no answer. */
import type { Clock } from "../clock.ts";
import type { Argument, Reply } from "../connection/connection.ts";
import type { Script } from "../connection/script.ts";
import type { Server } from "../connection/server.ts";
import { SessionUnavailable } from "./errors.ts";
import type { Changes } from "./fields.ts";
import { createScript, endScript, rotateScript, slideEveryMs, slideScript, updateScript } from "./scripts.ts";
import { ServerClock } from "./server-clock.ts";
import { keyOf } from "./session-id.ts";

export const storageLimits = {
  /** How long an id that was replaced is told from one that never was; requests that began with it may write so long. */
  supersededMs: 30_000,
  /** A session has to be stored so soon after it was put into its user's index, so that no sign-out can miss it. */
  indexedMsMax: 30_000,
  /** How long an id in an index whose session does not exist is kept from being made. Longer, for clocks that differ. */
  endedMs: 90_000,
} as const;

export interface Loaded {
  fields: Map<string, string>;
  user: string | undefined;
  /** Since when it is in its user's index. */
  bornMs: number;
  version: string;
  /** Where it is not the store's. */
  idleMs: number | undefined;
}

/** What is written beside the application's fields. */
export interface Meta {
  /** `null`: nobody any more. */
  user?: string | null | undefined;
  device?: string | undefined;
  /** Instead of the store's. */
  idleMs?: number | undefined;
}

export type Written = { is: "written"; version: string } | { is: "replaced"; by: string } | { is: "gone" | "conflict" };

interface StorageOptions {
  server: Server;
  namespace: string;
  idleMs: number;
  absoluteMs: number;
  clock: Clock;
}

export class SessionStorage {
  readonly options: StorageOptions;
  readonly #serverClock: ServerClock;

  constructor(options: StorageOptions) {
    this.options = options;
    this.#serverClock = new ServerClock(options.server, options.clock);
  }

  /** Reads it and begins its idle time anew. */
  async load(id: string): Promise<Loaded | "superseded" | undefined> {
    const { server, namespace } = this.options;
    let reply: Reply[] = [];
    let nowMs = 0;
    try {
      // As text: bytes of which only some are decoded, and a map that is made when it is needed, were measured as slower or no faster.
      const asked = server.main.ask(["HGETALL", keyOf(namespace, id)]);
      const serverNowMs = this.#serverClock.nowMs();
      reply = (await asked) as Reply[];
      nowMs = typeof serverNowMs === "number" ? serverNowMs : await serverNowMs;
    } catch (error) {
      if (!isOfAnotherKind(error)) throw new SessionUnavailable(error);
    }
    const stored = storedFrom(reply);
    if (stored.isReplaced) return "superseded";
    if (!(nowMs < stored.endsMs)) return undefined;
    // Nobody waits for it: what was read does not change by it.
    if (nowMs - stored.seenMs >= slideEveryMs(stored.idleMs ?? this.options.idleMs)) this.slide(id).catch(() => {});
    return stored;
  }

  /** Begins its idle time anew, if it is there. */
  async slide(id: string): Promise<void> {
    await this.#run(slideScript, [id], [this.#idle()]);
  }

  /** `indexedMs`: where somebody signs in without another id. */
  async update(
    id: string,
    changes: Changes,
    options: { version?: string; indexedMs?: number; meta?: Meta } = {},
  ): Promise<Written> {
    const { version = "", indexedMs, meta = {} } = options;
    const signsIn = indexedMs === undefined ? "" : (meta.user ?? "");
    const announced = [signsIn, String(indexedMs ?? ""), String(storageLimits.indexedMsMax)];
    const args = [this.#idle(), version, ...announced, ...argumentsOf(changes, meta)];
    return writtenFrom(await this.#run(updateScript, [id], args));
  }

  /** `indexedMs`: as the user's index said, where it has a user. */
  async create(id: string, changes: Changes, options: { indexedMs?: number; meta?: Meta } = {}): Promise<Written> {
    const { indexedMs, meta = {} } = options;
    return writtenFrom(await this.#run(createScript, [id], [...this.#birth(indexedMs), ...argumentsOf(changes, meta)]));
  }

  /** `indexedMs`: where it is a new sign-in. */
  async rotate(
    ids: { old: string; new: string },
    changes: Changes,
    options: { version?: string; indexedMs?: number; meta?: Meta } = {},
  ): Promise<Written> {
    const { version = "", indexedMs, meta = {} } = options;
    const remembered = String(storageLimits.supersededMs);
    const args = [...this.#birth(indexedMs), version, ids.new, remembered, ...argumentsOf(changes, meta)];
    return writtenFrom(await this.#run(rotateScript, [ids.old, ids.new], args));
  }

  /**
   * Ends it at once: what is still on its way cannot bring it back. An id that was replaced ends what replaced it. Returns
   * whether there was one. `user`: nothing happens to a session of anybody else.
   */
  async end(id: string, user = ""): Promise<boolean> {
    const reply = await this.#run(endScript, [id], [String(storageLimits.endedMs), user]);
    return Array.isArray(reply) ? this.end(String(reply[0]), user) : reply === 1;
  }

  #birth(indexedMs: number | undefined): string[] {
    return [this.#idle(), this.options.absoluteMs, indexedMs ?? "", storageLimits.indexedMsMax].map(String);
  }

  #idle(): string {
    return String(this.options.idleMs);
  }

  async #run(script: Script, ids: readonly string[], args: readonly Argument[]): Promise<Reply> {
    const { server, namespace } = this.options;
    try {
      return await script.run(
        server.main,
        ids.map((id) => keyOf(namespace, id)),
        args,
      );
    } catch (error) {
      if (isOfAnotherKind(error)) return null;
      throw new SessionUnavailable(error);
    }
  }
}

/** Something else is stored at this key: whatever it is, it is no session. */
function isOfAnotherKind(error: unknown): boolean {
  return error instanceof Error && /\bWRONGTYPE\b/.test(error.message);
}

interface Stored extends Loaded {
  endsMs: number;
  seenMs: number;
  isReplaced: boolean;
}

function storedFrom(reply: readonly Reply[]): Stored {
  const stored: Stored = {
    fields: new Map(),
    user: undefined,
    bornMs: 0,
    version: "",
    idleMs: undefined,
    endsMs: 0,
    seenMs: 0,
    isReplaced: false,
  };
  for (let index = 0; index + 1 < reply.length; index += 2) {
    const name = reply[index] as string;
    const value = reply[index + 1] as string;
    if (name.startsWith(".")) stored.fields.set(name.slice(1), value);
    else if (name === "a") stored.endsMs = Number(value);
    else if (name === "s") stored.seenMs = Number(value);
    else if (name === "c") stored.bornMs = Number(value);
    else if (name === "v") stored.version = value;
    else if (name === "u") stored.user = value;
    else if (name === "i") stored.idleMs = Number(value);
    else if (name === "n") stored.isReplaced = true;
  }
  return stored;
}

function argumentsOf({ set, remove }: Changes, { user, device, idleMs }: Meta): string[] {
  const pairs = set.flatMap(([name, json]) => [`.${name}`, json]);
  if (typeof user === "string") pairs.push("u", user);
  if (device !== undefined) pairs.push("d", device);
  if (idleMs !== undefined) pairs.push("i", String(idleMs));
  const removed = remove.map((name) => `.${name}`);
  return [String(pairs.length), ...pairs, ...removed, ...(user === null ? ["u"] : [])];
}

function writtenFrom(reply: Reply): Written {
  if (typeof reply === "number") return { is: "written", version: String(reply) };
  if (Array.isArray(reply)) return { is: "replaced", by: String(reply[0]) };
  if (reply === "conflict") return { is: "conflict" };
  if (reply === "late")
    throw new SessionUnavailable(new Error("The session was stored too late after it was announced."));
  return { is: "gone" };
}
