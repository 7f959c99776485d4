/** Messages that nobody will be given any more, until somebody says so. */
import type { Reply } from "../../connection/connection.ts";
import { decodeHeader } from "./message.ts";
import { countOf, type QueueSettings } from "./options.ts";
import { retryDeadScript } from "./scripts/dead-letters.ts";

export interface DeadLetter<T> {
  /** Of the letter: what `retry` and `discard` are given. Later ones are greater. */
  letter: string;
  /** Of the message; empty where it cannot be read. */
  id: string;
  key: string | undefined;
  /** `undefined` where it cannot be read. */
  payload: T | undefined;
  /** As it was in the server. */
  raw: string;
  attempts: number;
  /** Why it died. */
  error: string;
  /** Its last failures, the oldest first. `atMs` is the server's time. */
  history: { atMs: number; error: string }[];
}

export class DeadLetters<T> {
  readonly #queue: QueueSettings;
  readonly #key: string;

  constructor(queue: QueueSettings) {
    this.#queue = queue;
    this.#key = `${queue.base}:dead`;
  }

  /** The newest first; `before` is a letter. */
  async list({ count = 100, before }: { count?: number; before?: string } = {}): Promise<DeadLetter<T>[]> {
    const from = before === undefined ? "+" : idBefore(before);
    const command = ["XREVRANGE", this.#key, from, "-", "COUNT", String(countOf(count, "count", 1))];
    const entries = (await this.#queue.server.main.ask(command)) as [string, string[]][];
    return entries.map(([letter, fields]) => deadLetter<T>(letter, fields));
  }

  /** Back into the queue, with all attempts before them. Answers how many; one that cannot be read stays. */
  async retry(...letters: string[]): Promise<number> {
    if (letters.length === 0) return 0;
    return (await retryDeadScript.run(this.#queue.server.main, [this.#queue.base], letters)) as number;
  }

  /** Answers how many there were. */
  async discard(...letters: string[]): Promise<number> {
    if (letters.length === 0) return 0;
    return (await this.#queue.server.main.ask(["XDEL", this.#key, ...letters])) as number & Reply;
  }
}

/** The id of a stream that is next below. */
function idBefore(letter: string): string {
  const [, ms, sequence] = /^(\d+)-(\d+)$/.exec(letter) ?? [];
  if (ms === undefined || sequence === undefined)
    throw new TypeError(`before is no letter: ${JSON.stringify(letter)}.`);
  if (BigInt(sequence) > 0n) return `${ms}-${BigInt(sequence) - 1n}`;
  return `${BigInt(ms) - 1n}-${2n ** 64n - 1n}`;
}

function deadLetter<T>(letter: string, fields: readonly string[]): DeadLetter<T> {
  const raw = fields[1] ?? "";
  const dead = {
    letter,
    id: "",
    key: undefined,
    payload: undefined,
    raw,
    attempts: 1,
    error: fields[3] ?? "",
    history: [],
  };
  try {
    const { i, k, a = 0, h = [] } = decodeHeader(raw);
    const history = h.map(([atMs, error]) => ({ atMs, error }));
    return { ...dead, id: i, key: k, attempts: a, history, payload: payloadOf(raw) as T };
  } catch {
    return dead;
  }
}

function payloadOf(raw: string): unknown {
  try {
    return JSON.parse(raw.slice(raw.indexOf("\n") + 1));
  } catch {
    return undefined;
  }
}
