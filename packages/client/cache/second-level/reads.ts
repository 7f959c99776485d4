/**
 * Reads of one turn go out together, as MGET: it costs the server and both sides' parsers less than a command for each. In a cluster, where keys of
 * several slots cannot be asked together, and for a user who may not, they go one by one.
 */
import { nextTick } from "node:process";
import type { Reply } from "../../connection/connection.ts";
import { cacheLimits } from "../limits.ts";
import type { Link } from "./link.ts";

interface Waiting {
  resolve: (bytes: Buffer | null) => void;
  reject: (error: unknown) => void;
}

export class Reads {
  readonly #link: Link;
  #keys: string[] = [];
  #waiting: Waiting[] = [];
  #isOneByOne = false;

  constructor(link: Link) {
    this.#link = link;
  }

  /** The bytes at the key; null where there are none, or something else than bytes. */
  read(key: string): Promise<Buffer | null> {
    return new Promise((resolve, reject) => {
      if (this.#keys.length === 0) nextTick(this.#send);
      else if (this.#keys.length >= cacheLimits.readBatchMax) this.#send();
      this.#keys.push(key);
      this.#waiting.push({ resolve, reject });
    });
  }

  readonly #send = (): void => {
    const keys = this.#keys;
    const waiting = this.#waiting;
    if (keys.length === 0) return;
    this.#keys = [];
    this.#waiting = [];
    const ask = this.#isOneByOne || keys.length === 1 ? this.#askEach(keys) : this.#askAll(keys);
    ask.then(
      (replies) => {
        for (let index = 0; index < waiting.length; index++)
          waiting[index]?.resolve(Buffer.isBuffer(replies[index]) ? (replies[index] as Buffer) : null);
      },
      (error: unknown) => {
        for (const { reject } of waiting) reject(error);
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

/** Something that is no value of a cache stands there. */
function ofType(error: unknown): null {
  if (error instanceof Error && error.message.startsWith("WRONGTYPE")) return null;
  throw error;
}
