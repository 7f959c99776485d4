/** Reads keys of a server as payloads: whole databases by SCAN, and single keys. Many questions in flight, of a bounded number of keys and bytes. */
import type { RdbKind } from "@larder/rdb";
import type { KeyChoice } from "../key-choice.ts";
import { databasesOf } from "../migrate/node-watch.ts";
import { parseInfo, type RemoteClient, type Words } from "../remote/remote-client.ts";
import { RemoteError, type RemoteReply, textOf } from "../remote/remote-reply.ts";
import { sourceRefused } from "../remote/remote-socket.ts";
import type { ChangedKey } from "./changed-keys.ts";
import { ReadSize } from "./read-size.ts";

/** A key as it is now; payload null: it is not there. */
export interface ReadKey extends ChangedKey {
  payload: Buffer | null;
  /** null: it does not expire. */
  ttlMs: number | null;
}

const kinds: readonly RdbKind[] = ["string", "list", "set", "zset", "hash", "stream"];
/** How many keys one round asks for. */
export const keysPerRound = 200;

export class KeyReader {
  readonly #client: Pick<RemoteClient, "ask" | "askEach">;
  readonly #choice: KeyChoice;
  readonly #isOneOfMany: boolean;
  readonly #size = new ReadSize(keysPerRound);
  /** Nobody knows, at first. */
  #selected = -1;
  #saysWeights = true;

  /** `isOneOfMany`: what another primary of a cluster has is not there; else to be asked for it is an error. */
  constructor(client: Pick<RemoteClient, "ask" | "askEach">, choice: KeyChoice, { isOneOfMany = false } = {}) {
    this.#client = client;
    this.#choice = choice;
    this.#isOneOfMany = isOneOfMany;
  }

  /** Which databases have keys, and how many. */
  async databases(): Promise<Map<number, number>> {
    const [reply] = await Promise.all(this.#client.askEach([["INFO", "keyspace"]]));
    // Who may not ask has one database, or looks into the others in vain.
    const found = reply instanceof RemoteError ? new Map([[0, 0]]) : databasesOf(parseInfo(textOf(reply)));
    return new Map([...found].filter(([database]) => this.#choice.takesDatabase(database)));
  }

  /** Every key that is there all the time, some of them twice. */
  async *scan(database: number): AsyncGenerator<ChangedKey[], void, void> {
    for (let cursor = "0"; ; ) {
      await this.#select(database);
      const reply = await this.#client.ask("SCAN", cursor, "COUNT", String(keysPerRound));
      const [next, keys] = Array.isArray(reply) ? reply : [];
      const found = Array.isArray(keys) ? keys.filter((key) => Buffer.isBuffer(key)) : [];
      const wanted = found.filter((key) => this.#choice.takesKey(key, 0, key.length));
      if (wanted.length > 0) yield wanted.map((key) => ({ database, key }));
      cursor = textOf(next);
      if (cursor === "0") return;
    }
  }

  /** So many of them at a time as may be read at once. What was read of one part has its effect on the next. */
  async *parts(keys: readonly ChangedKey[]): AsyncGenerator<ChangedKey[], void, void> {
    for (let at = 0; at < keys.length; at += keysPerRound) {
      const round = keys.slice(at, at + keysPerRound);
      const weights = await this.#weigh(round);
      for (let from = 0; from < round.length; ) {
        const count = this.#size.next(weights, from);
        yield round.slice(from, from + count);
        from += count;
      }
    }
  }

  /** All at once: of keys that are many or large, one of the parts. Throws SourceRefused where DUMP is forbidden. */
  async read(keys: readonly ChangedKey[]): Promise<ReadKey[]> {
    const wanted = await this.#ofWantedTypes(keys);
    const replies = await this.#askOfEach(wanted, ({ key }) => [
      ["DUMP", key],
      ["PTTL", key],
    ]);
    const found = new Map(
      wanted.map((key, index) => [key, this.#readKeyOf(key, replies.slice(2 * index, 2 * index + 2))]),
    );
    const read = keys.map((key) => found.get(key) ?? { ...key, payload: null, ttlMs: null });
    this.#size.took(read.map(({ payload }) => payload?.length ?? 0));
    return read;
  }

  /** The sources of its libraries of functions. Throws SourceRefused where it does not give them. */
  async libraries(): Promise<Buffer[]> {
    const [reply] = await Promise.all(this.#client.askEach([["FUNCTION", "LIST", "WITHCODE"]]));
    if (reply instanceof RemoteError && reply.message.includes("unknown command")) return [];
    if (reply instanceof RemoteError) throw sourceRefused(reply.message);
    const libraries = Array.isArray(reply) ? reply : [];
    return libraries.flatMap((library) => {
      const fields = Array.isArray(library) ? library : [];
      const code = fields[fields.findIndex((field) => textOf(field) === "library_code") + 1];
      return Buffer.isBuffer(code) ? [code] : [];
    });
  }

  /** So many or fewer, some of them perhaps twice. */
  async byChance(database: number, count: number): Promise<ChangedKey[]> {
    await this.#select(database);
    const replies = await Promise.all(this.#client.askEach(Array.from({ length: count }, () => ["RANDOMKEY"])));
    const keys = replies.filter((reply) => Buffer.isBuffer(reply));
    return keys.filter((key) => this.#choice.takesKey(key, 0, key.length)).map((key) => ({ database, key }));
  }

  /** Which of the keys are there; all are of one database. */
  async whichExist(keys: readonly ChangedKey[]): Promise<boolean[]> {
    await this.#select(keys[0]?.database ?? 0);
    const replies = await Promise.all(this.#client.askEach(keys.map(({ key }) => ["EXISTS", key])));
    return replies.map((reply) => reply !== 0 && !isElsewhere(reply));
  }

  /** A key of another type is not there, for all that matters. */
  async #ofWantedTypes(keys: readonly ChangedKey[]): Promise<readonly ChangedKey[]> {
    if (this.#choice.takesAllKinds) return keys;
    const replies = await this.#askOfEach(keys, ({ key }) => [["TYPE", key]]);
    const refused = replies.find((reply) => reply instanceof RemoteError && !isElsewhere(reply));
    if (refused instanceof RemoteError) throw sourceRefused(`The source does not tell types: ${refused.message}`);
    return keys.filter((_, index) => this.#choice.takesKind(kindOf(textOf(replies[index]))));
  }

  /** null: it does not say. Who forbids it, or does not know it, is not asked again. */
  async #weigh(keys: readonly ChangedKey[]): Promise<(number | null)[]> {
    if (!this.#saysWeights) return keys.map(() => null);
    const replies = await this.#askOfEach(keys, ({ key }) => [["MEMORY", "USAGE", key]]);
    this.#saysWeights = !replies.some((reply) => reply instanceof RemoteError && !isElsewhere(reply));
    return replies.map((reply) => (typeof reply === "number" ? reply : null));
  }

  /** The replies to all questions of all keys, in one list. */
  async #askOfEach(
    keys: readonly ChangedKey[],
    questions: (key: ChangedKey) => readonly Words[],
  ): Promise<RemoteReply[]> {
    const replies: RemoteReply[] = [];
    for (let from = 0; from < keys.length; ) {
      const { database } = keys[from] as ChangedKey;
      const others = keys.findIndex((key, index) => index > from && key.database !== database);
      const to = others < 0 ? keys.length : others;
      await this.#select(database);
      const asked = this.#client.askEach(keys.slice(from, to).flatMap((key) => [...questions(key)]));
      for (const reply of await Promise.all(asked)) replies.push(reply);
      from = to;
    }
    return replies;
  }

  #readKeyOf(key: ChangedKey, replies: readonly RemoteReply[]): ReadKey {
    const isNone = this.#isOneOfMany && replies.some(isElsewhere);
    return isNone ? { ...key, payload: null, ttlMs: null } : readKeyOf(key, replies);
  }

  async #select(database: number): Promise<void> {
    if (database === this.#selected) return;
    await this.#client.ask("SELECT", String(database));
    this.#selected = database;
  }
}

/** Modules name types of their own. */
function kindOf(type: string): RdbKind {
  return kinds.find((kind) => kind === type) ?? "module";
}

/** Of a cluster's primary: the key belongs to another one. */
function isElsewhere(reply: RemoteReply | undefined): boolean {
  return reply instanceof RemoteError && reply.code === "MOVED";
}

function readKeyOf(key: ChangedKey, [payload, ttl]: readonly RemoteReply[]): ReadKey {
  for (const reply of [payload, ttl])
    if (reply instanceof RemoteError) throw sourceRefused(`The source does not let its keys be read: ${reply.message}`);
  const left = Number(ttl);
  // It has gone in between.
  const isGone = !Buffer.isBuffer(payload) || left === -2;
  return { ...key, payload: isGone ? null : payload, ttlMs: left < 0 ? null : left };
}
