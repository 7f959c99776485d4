/**
 * Reads of one turn go out together, as MGET: it costs the server and both sides' parsers less than a command for each. In a cluster, where keys of
 * several slots cannot be asked together, and for a user who may not, they go one by one.
 *
 * What is to become of the bytes is said with the question and done as soon as they are there: a promise for each step would cost more than the
 * rest of a hit.
 */
import { nextTick } from "node:process";
import type { Reply } from "../../connection/connection.ts";
import { cacheLimits } from "../limits.ts";
import type { Link } from "./link.ts";

/** What else was read in the same turn, by key. */
export type ReadBeside = ReadonlyMap<string, Buffer | null>;

export interface Landing<T> {
  /** null: nothing is there, or something else than bytes. What it gives or throws is the caller's. */
  landed(bytes: Buffer | null, beside: ReadBeside): T | Promise<T>;
  /** The server did not answer. */
  failed(error: unknown): T | Promise<T>;
}

interface Waiting {
  landing: Landing<unknown>;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

const itself: Landing<Buffer | null> = {
  landed: (bytes) => bytes,
  failed(error) {
    throw error;
  },
};

export class Reads {
  readonly #link: Link;
  #keys: string[] = [];
  #waiting: Waiting[] = [];
  readonly #beside = new Set<string>();
  #isOneByOne = false;

  constructor(link: Link) {
    this.#link = link;
  }

  read(key: string): Promise<Buffer | null> {
    return this.land(key, [], itself);
  }

  /** `beside`: keys to be read along with it, once for all who want them in this turn. */
  land<T>(key: string, beside: readonly string[], landing: Landing<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#keys.length === 0) nextTick(this.#send);
      else if (this.#keys.length >= cacheLimits.readBatchMax) this.#send();
      this.#keys.push(key);
      this.#waiting.push({ landing, resolve: resolve as (value: unknown) => void, reject });
      for (const other of beside) this.#beside.add(other);
    });
  }

  readonly #send = (): void => {
    if (this.#keys.length === 0) return;
    const waiting = this.#waiting;
    const beside = [...this.#beside];
    const keys = beside.length === 0 ? this.#keys : [...this.#keys, ...beside];
    this.#keys = [];
    this.#waiting = [];
    this.#beside.clear();
    const ask = this.#isOneByOne || keys.length === 1 ? this.#askEach(keys) : this.#askAll(keys);
    ask.then(
      (replies) => {
        const told = new Map(beside.map((key, index) => [key, bytesOf(replies[waiting.length + index])]));
        for (let index = 0; index < waiting.length; index++)
          settle(waiting[index] as Waiting, (landing) => landing.landed(bytesOf(replies[index]), told));
      },
      (error: unknown) => {
        for (const each of waiting) settle(each, (landing) => landing.failed(error));
      },
    );
  };

  async #askAll(keys: readonly string[]): Promise<Reply[]> {
    try {
      return (await this.#link.ask((connection) => connection.askBytes(["MGET", ...keys]))) as Reply[];
    } catch (error) {
      if (!(error instanceof Error && /^(CROSSSLOT|NOPERM) /.test(error.message))) throw error;
      this.#isOneByOne = error.message.startsWith("CROSSSLOT");
      return this.#askEach(keys);
    }
  }

  #askEach(keys: readonly string[]): Promise<Reply[]> {
    return this.#link.ask((connection) =>
      Promise.all(keys.map((key) => connection.askBytes(["GET", key]).catch(ofType))),
    );
  }
}

function settle({ landing, resolve, reject }: Waiting, land: (landing: Landing<unknown>) => unknown): void {
  try {
    resolve(land(landing));
  } catch (error) {
    reject(error);
  }
}

function bytesOf(reply: Reply | undefined): Buffer | null {
  return Buffer.isBuffer(reply) ? reply : null;
}

/** Something that is no value of a cache stands there. */
function ofType(error: unknown): null {
  if (error instanceof Error && error.message.startsWith("WRONGTYPE")) return null;
  throw error;
}
