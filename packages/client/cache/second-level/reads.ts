/**
 * Reads of one turn go out together, as MGET: it costs the server and both sides' parsers less than a command for each. In a cluster, where keys of
 * several slots cannot be asked together, and for a user who may not, they go one by one.
 */
import { nextTick } from "node:process";
import type { Reply } from "../../connection/connection.ts";
import { cacheLimits } from "../limits.ts";
import type { Link } from "./link.ts";

interface Waiting {
  bytes: Promise<Buffer | null>;
  resolve: (bytes: Buffer | null) => void;
  reject: (error: unknown) => void;
}

export class Reads {
  readonly #link: Link;
  #waiting = new Map<string, Waiting>();
  #isOneByOne = false;

  constructor(link: Link) {
    this.#link = link;
  }

  /** The bytes at the key; null where there are none, or something else than bytes. Those who ask in one turn share them. */
  read(key: string): Promise<Buffer | null> {
    const asked = this.#waiting.get(key);
    if (asked !== undefined) return asked.bytes;
    if (this.#waiting.size === 0) nextTick(this.#send);
    else if (this.#waiting.size >= cacheLimits.readBatchMax) this.#send();
    const waiting = { resolve: () => {}, reject: () => {} } as unknown as Waiting;
    waiting.bytes = new Promise((resolve, reject) => {
      waiting.resolve = resolve;
      waiting.reject = reject;
    });
    this.#waiting.set(key, waiting);
    return waiting.bytes;
  }

  readonly #send = (): void => {
    if (this.#waiting.size === 0) return;
    const keys = [...this.#waiting.keys()];
    const waiting = [...this.#waiting.values()];
    this.#waiting = new Map();
    const ask = this.#isOneByOne || keys.length === 1 ? this.#askEach(keys) : this.#askAll(keys);
    ask.then(
      (replies) => {
        for (let index = 0; index < waiting.length; index++) {
          const reply = replies[index];
          waiting[index]?.resolve(Buffer.isBuffer(reply) ? reply : null);
        }
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
