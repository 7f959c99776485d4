/** Reads keys of a server as payloads: whole databases by SCAN, and single keys. Many questions in flight, of a bounded number of keys. */
import type { KeyChoice } from "../key-choice.ts";
import { databasesOf } from "../migrate/node-watch.ts";
import { parseInfo, type RemoteClient } from "../remote/remote-client.ts";
import { RemoteError, type RemoteReply, textOf } from "../remote/remote-reply.ts";
import { sourceRefused } from "../remote/remote-socket.ts";
import type { ChangedKey } from "./changed-keys.ts";

/** A key as it is now; payload null: it is not there. */
export interface ReadKey extends ChangedKey {
  payload: Buffer | null;
  /** null: it does not expire. */
  ttlMs: number | null;
}

/** How many keys one round asks for. */
export const keysPerRound = 200;

export class KeyReader {
  readonly #client: RemoteClient;
  readonly #choice: KeyChoice;
  /** Nobody knows, at first. */
  #selected = -1;
  #pending: ChangedKey[] = [];

  constructor(client: RemoteClient, choice: KeyChoice) {
    this.#client = client;
    this.#choice = choice;
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

  /** Throws SourceRefused where DUMP is forbidden. */
  async read(keys: readonly ChangedKey[]): Promise<ReadKey[]> {
    const read: ReadKey[] = [];
    for (const { database, key } of keys) {
      if (database !== this.#selected) await this.#readInto(read);
      await this.#select(database);
      this.#pending.push({ database, key });
    }
    await this.#readInto(read);
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
    return replies.map((reply) => reply !== 0);
  }

  async #readInto(read: ReadKey[]): Promise<void> {
    const keys = this.#pending;
    this.#pending = [];
    if (keys.length === 0) return;
    const commands = keys.flatMap(({ key }) => [
      ["DUMP", key],
      ["PTTL", key],
    ]);
    const replies = await Promise.all(this.#client.askEach(commands));
    for (const [index, key] of keys.entries()) read.push(readKeyOf(key, replies[index * 2], replies[index * 2 + 1]));
  }

  async #select(database: number): Promise<void> {
    if (database === this.#selected) return;
    await this.#client.ask("SELECT", String(database));
    this.#selected = database;
  }
}

function readKeyOf(key: ChangedKey, payload: RemoteReply | undefined, ttl: RemoteReply | undefined): ReadKey {
  for (const reply of [payload, ttl])
    if (reply instanceof RemoteError) throw sourceRefused(`The source does not let its keys be read: ${reply.message}`);
  const left = Number(ttl);
  // It has gone in between.
  const isGone = !Buffer.isBuffer(payload) || left === -2;
  return { ...key, payload: isGone ? null : payload, ttlMs: left < 0 ? null : left };
}
