/**
 * What becomes of each command of one source's stream: it goes to the node as it is, in part, or not at all. Pure, but for what it
 * keeps of the stream so far: the database that is selected, and whether a transaction is open.
 *
 *   SELECT             goes on where the database is wanted; what follows in another one does not
 *   MULTI, EXEC        go on always, so that what belongs together stays together
 *   FLUSHALL           goes on, if the node has nothing but what comes from here
 *   FLUSHDB            goes on in a database that is wanted
 *   SWAPDB, MOVE       between databases of which one only is wanted: cannot be followed, but that MOVE out is a DEL
 *   FUNCTION, SCRIPT   go on
 *   PUBLISH            does not: what is published has nothing to do with data, and its subscribers are elsewhere
 *   REPLCONF           does not: it is for us
 *   what has keys      goes on as far as its keys are wanted (stream-keys.ts)
 */
import type { KeyFilter } from "@larder/api";
import { encodeRequest } from "@larder/resp";
import type { CommandFrame } from "./command-frames.ts";
import { migrationLimits } from "./migration-limits.ts";
import type { NodeCommands } from "./node-commands.ts";
import { type Kept, keepWanted, textAt } from "./stream-keys.ts";

/** The stream holds what cannot be done at the node. The message names the command, and no key. */
export class CannotFollow extends Error {
  override readonly name = "CannotFollow";
}

export interface StreamPlanOptions {
  commands: NodeCommands;
  filter: Pick<KeyFilter, "prefixes" | "databases">;
  /** How many the node has. */
  databases: number;
  /** Where it goes there are other keys too, which nothing may empty. */
  isBesideOthers?: boolean;
  /** What is selected where the stream is taken up. */
  database?: number;
}

/** What of the frame goes on. */
export type Planned = "whole" | "nothing" | { bytes: Buffer };

/** Names of commands that have to be looked at even where everything is wanted. */
const special = new Set(
  ["SELECT", "MULTI", "EXEC", "PUBLISH", "SPUBLISH", "REPLCONF"].map((name) => name.toLowerCase()),
);
const longestSpecial = 8;

export class StreamPlan {
  readonly #options: StreamPlanOptions;
  readonly #prefixes: readonly Buffer[];
  readonly #isFiltered: boolean;
  #database: number;
  #selected: number;
  isInTransaction = false;
  #wasAsked = false;

  constructor(options: StreamPlanOptions) {
    this.#options = options;
    this.#database = this.#selected = options.database ?? 0;
    this.#prefixes = options.filter.prefixes.map((prefix) => Buffer.from(prefix));
    this.#isFiltered = options.filter.prefixes.length > 0 || options.filter.databases.length > 0;
  }

  get isFiltered(): boolean {
    return this.#isFiltered;
  }

  /** The database in which what goes on belongs: the last one whose SELECT went on. */
  get selected(): number {
    return this.#selected;
  }

  /** Whether the primary has asked how far we are, since this was asked last. */
  takeAsked(): boolean {
    const wasAsked = this.#wasAsked;
    this.#wasAsked = false;
    return wasAsked;
  }

  /** Throws CannotFollow. */
  take(frame: CommandFrame): Planned {
    const { bytes, nameStart, nameEnd } = frame;
    if (!this.#options.commands.has(bytes, nameStart, nameEnd))
      throw new CannotFollow(unknownCommand(bytes, nameStart, nameEnd));
    if (!this.#isFiltered && nameEnd - nameStart > longestSpecial) return "whole";
    const name = bytes.toString("latin1", nameStart, nameEnd).toLowerCase();
    if (special.has(name)) return this.#takeSpecial(name, frame.words());
    return this.#isFiltered ? this.#takeFiltered(name, frame) : "whole";
  }

  #takeSpecial(name: string, words: readonly Buffer[]): Planned {
    switch (name) {
      case "select":
        return this.#select(Number(textAt(words, 1)));
      case "multi":
        this.isInTransaction = true;
        return "whole";
      case "exec":
        this.isInTransaction = false;
        return "whole";
      case "replconf":
        this.#wasAsked ||= textAt(words, 1) === "getack";
        return "nothing";
      default:
        return "nothing";
    }
  }

  #select(database: number): Planned {
    this.#database = database;
    if (!this.#isDatabaseWanted(database)) return "nothing";
    if (database < this.#options.databases) {
      this.#selected = database;
      return "whole";
    }
    throw new CannotFollow(`The source writes to database ${database}, and the cache has ${this.#options.databases}.`);
  }

  #takeFiltered(name: string, frame: CommandFrame): Planned {
    const empties = name === "flushall" || name === "flushdb";
    if (empties && this.#options.isBesideOthers === true && this.#prefixes.length > 0) throw this.#impossible(name);
    if (name === "flushall" && this.#options.isBesideOthers === true) throw this.#impossible(name);
    if (name === "flushall" || name === "function" || name === "script" || name === "ping") return "whole";
    if (name === "swapdb") return this.#swap(frame.words());
    if (!this.#isDatabaseWanted(this.#database)) return this.#elsewhere(name, frame);
    if (name === "flushdb") return "whole";
    return this.#keep(name, frame);
  }

  /** In a database that is not wanted, unless something comes out of it. */
  #elsewhere(name: string, frame: CommandFrame): Planned {
    if (name !== "move" && name !== "copy") return "nothing";
    const words = frame.words();
    const target = name === "move" ? Number(textAt(words, 2)) : targetOfCopy(words);
    const key = words[name === "move" ? 1 : 2];
    const arrives = target !== null && this.#isDatabaseWanted(target) && key !== undefined && this.#isKeyWanted(key);
    if (arrives) throw this.#impossible(name);
    return "nothing";
  }

  #keep(name: string, frame: CommandFrame): Planned {
    const words = frame.words();
    if (name === "move" && !this.#isDatabaseWanted(Number(textAt(words, 2)))) {
      const key = words[1] as Buffer;
      return this.#isKeyWanted(key) ? { bytes: encodeRequest(["DEL", key]) } : "nothing";
    }
    const target = name === "copy" ? targetOfCopy(words) : null;
    if (target !== null && !this.#isDatabaseWanted(target)) return "nothing";
    if (this.#prefixes.length === 0) return "whole";
    if (frame.isLong && !this.#hasOneKey(name, words)) throw new CannotFollow(tooLong(name));
    const kept: Kept = keepWanted(words, this.#options.commands, (key) => this.#isKeyWanted(key));
    if (kept === "impossible") throw this.#impossible(name);
    if (kept === "keyless") throw new CannotFollow(keyless(name));
    return kept;
  }

  #hasOneKey(name: string, words: readonly Buffer[]): boolean {
    const places = this.#options.commands.placesOf(name, textAt(words, 1));
    return places?.first === 1 && places.last === 1 && words.length > 1;
  }

  #swap(words: readonly Buffer[]): Planned {
    const wanted = [1, 2].map((index) => this.#isDatabaseWanted(Number(textAt(words, index))));
    if (wanted.every(Boolean)) return "whole";
    if (wanted.some(Boolean)) throw this.#impossible("swapdb");
    return "nothing";
  }

  #isDatabaseWanted(database: number): boolean {
    const { databases } = this.#options.filter;
    return databases.length === 0 || databases.includes(database);
  }

  #isKeyWanted(key: Buffer): boolean {
    if (this.#prefixes.length === 0) return true;
    return this.#prefixes.some(
      (prefix) => key.length >= prefix.length && key.compare(prefix, 0, prefix.length, 0, prefix.length) === 0,
    );
  }

  #impossible(name: string): CannotFollow {
    return new CannotFollow(
      `The source moved data by ${name.toUpperCase()} from what was not chosen to what was: a stream of changes does not have it. By the method "scan" it can be followed.`,
    );
  }
}

/** The database of COPY source destination DB n; null: the same. */
function targetOfCopy(words: readonly Buffer[]): number | null {
  const at = words.findIndex((_, index) => index > 2 && textAt(words, index) === "db");
  return at < 0 ? null : Number(textAt(words, at + 1));
}

function tooLong(name: string): string {
  const bytes = migrationLimits.commandBytesMax / (1024 * 1024);
  return `The source's stream has a ${name.toUpperCase()} of more than ${bytes} MiB, which may be for chosen keys only in part. By the method "scan" it can be followed.`;
}

function keyless(name: string): string {
  return `The source's stream has ${name.toUpperCase()} that names no keys: nobody knows whether it changes what was chosen. By the method "scan" it can be followed.`;
}

function unknownCommand(bytes: Buffer, start: number, end: number): string {
  const name = bytes.toString("latin1", start, Math.min(end, start + 40)).replace(/[^\w.-]/g, "?");
  return `The source uses the command ${name.toUpperCase()}, which the cache's engine does not know.`;
}
