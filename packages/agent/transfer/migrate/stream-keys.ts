/**
 * Which keys a command of a stream touches, and what is left of it where only some of them are wanted. Pure.
 *
 * A stream has commands that write, most of them with one key. Where a command moves something from a key that is not wanted into
 * one that is, the value is nowhere in the stream: such a command cannot be followed.
 */
import { encodeRequest } from "@larder/resp";
import type { KeyPlaces, NodeCommands } from "./node-commands.ts";

/** What becomes of a command. */
export type Kept = "whole" | "nothing" | "impossible" | "keyless" | { bytes: Buffer };

export type IsWanted = (key: Buffer) => boolean;

export function keepWanted(words: readonly Buffer[], commands: NodeCommands, isWanted: IsWanted): Kept {
  const name = textAt(words, 0);
  const keys = keyIndexes(words, name, commands);
  const wanted = keys.filter((index) => isWanted(words[index] as Buffer));
  // A script may change whatever it likes.
  if (keys.length === 0) return "keyless";
  if (wanted.length === keys.length) return "whole";
  if (wanted.length === 0) return "nothing";
  return keepSome(words, name, wanted);
}

function keepSome(words: readonly Buffer[], name: string, wanted: readonly number[]): Kept {
  const [first] = wanted;
  const takesFrom = wanted.length === 1 && first === 1;
  switch (name) {
    case "del":
    case "unlink":
      return rewritten([words[0] as Buffer, ...wanted.map((index) => words[index] as Buffer)]);
    case "mset":
    case "msetnx":
      // It is in the stream only if it set them all.
      return rewritten(["MSET", ...wanted.flatMap((index) => words.slice(index, index + 2))]);
    case "rename":
    case "renamenx":
      return takesFrom ? rewritten(["DEL", words[1] as Buffer]) : "impossible";
    case "smove":
      return takesFrom ? rewritten(["SREM", words[1] as Buffer, words[3] as Buffer]) : "impossible";
    case "rpoplpush":
    case "brpoplpush":
      return takesFrom ? rewritten(["RPOP", words[1] as Buffer]) : "impossible";
    case "lmove":
    case "blmove":
      return takesFrom ? rewritten([textAt(words, 3) === "left" ? "LPOP" : "RPOP", words[1] as Buffer]) : "impossible";
    case "copy":
      return takesFrom ? "nothing" : "impossible";
    default:
      return keepReading(name, words, wanted);
  }
}

/** Commands that read all their keys but the one that they store into. */
const storeInto: Record<string, (words: readonly Buffer[]) => number> = {
  zunionstore: () => 1,
  zinterstore: () => 1,
  zdiffstore: () => 1,
  zrangestore: () => 1,
  sunionstore: () => 1,
  sinterstore: () => 1,
  sdiffstore: () => 1,
  geosearchstore: () => 1,
  bitop: () => 2,
  sort: (words) => storeIndex(words, optionsFrom.sort),
  georadius: (words) => storeIndex(words, optionsFrom.georadius),
  georadiusbymember: (words) => storeIndex(words, optionsFrom.georadiusbymember),
};

/** Where the options begin of commands that may have a STORE among them. */
const optionsFrom = { sort: 2, georadius: 6, georadiusbymember: 5 } as const;
/** Options with words of their own behind them, which may look like options. */
const wordsOfOption: Record<string, number> = { store: 1, storedist: 1, count: 1, by: 1, get: 1, limit: 2 };

function keepReading(name: string, words: readonly Buffer[], wanted: readonly number[]): Kept {
  const target = storeInto[name]?.(words);
  return target === undefined || wanted.includes(target) ? "impossible" : "nothing";
}

/** The places of the keys among the words. */
export function keyIndexes(words: readonly Buffer[], name: string, commands: NodeCommands): number[] {
  switch (name) {
    case "eval":
    case "evalsha":
    case "fcall":
      return counted(words, 2, []);
    case "zunionstore":
    case "zinterstore":
    case "zdiffstore":
      return counted(words, 2, [1]);
    case "sort":
    case "georadius":
    case "georadiusbymember": {
      const target = storeIndex(words, optionsFrom[name]);
      return target < 0 ? [1] : [1, target];
    }
    default:
      return ranged(words, commands.placesOf(name, textAt(words, 1)));
  }
}

function counted(words: readonly Buffer[], countAt: number, others: readonly number[]): number[] {
  const count = Math.min(Number(textAt(words, countAt)), words.length - countAt - 1);
  return [...others, ...Array.from({ length: count }, (_, index) => countAt + 1 + index)];
}

function ranged(words: readonly Buffer[], places: KeyPlaces | undefined): number[] {
  if (places === undefined || places.first <= 0) return [];
  const last = places.last < 0 ? words.length + places.last : places.last;
  const indexes: number[] = [];
  for (let index = places.first; index <= last && index < words.length; index += Math.max(1, places.step))
    indexes.push(index);
  return indexes;
}

/** Of the key behind the last STORE, or -1. */
function storeIndex(words: readonly Buffer[], from: number): number {
  let found = -1;
  for (let index = from; index < words.length; index++) {
    const option = textAt(words, index);
    if (option === "store" || option === "storedist") found = index + 1;
    index += wordsOfOption[option] ?? 0;
  }
  return found;
}

function rewritten(words: readonly (string | Buffer)[]): Kept {
  return { bytes: encodeRequest(words) };
}

export function textAt(words: readonly Buffer[], index: number): string {
  return words[index]?.toString("latin1").toLowerCase() ?? "";
}
