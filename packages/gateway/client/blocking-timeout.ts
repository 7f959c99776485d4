/** A blocking command that has waited for a while already, as it has to be asked anew somewhere else. Pure. */
import { collectArguments, encodeRequest } from "@larder/resp";

/** Where the timeout stands: the first argument, or the last, in seconds. */
const first = ["blmpop", "bzmpop"];
/** After the word BLOCK, in milliseconds. */
const named = ["xread", "xreadgroup"];

/** The request with what is left of its timeout, never less than a millisecond: 0 would be for ever. */
export function withRemainingTimeout(request: Buffer, elapsedMs: number): Buffer {
  const words = collectArguments(request, 0);
  const name = words[0]?.toString("latin1").toLowerCase() ?? "";
  const isNamed = named.includes(name);
  const index = isNamed ? blockIndex(words) : first.includes(name) ? 1 : words.length - 1;
  const unit = isNamed ? 1 : 1000;
  const given = Number(words[index]?.toString("latin1")) * unit;
  if (!(given > 0)) return request;
  const leftMs = Math.max(1, Math.ceil(given - elapsedMs));
  words[index] = Buffer.from(String(leftMs / unit));
  return encodeRequest(words);
}

/** XREADGROUP's group and consumer may have any name, also this one. */
function blockIndex(words: readonly Buffer[]): number {
  const isGroup = words[1]?.toString("latin1").toLowerCase() === "group";
  const start = isGroup ? 4 : 1;
  return words.findIndex((word, index) => index >= start && word.toString("latin1").toLowerCase() === "block") + 1;
}
