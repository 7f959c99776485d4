/** Many small strings, all of one size: names that count up, values that are numbers, so that clients can count on. */
import { encode } from "../bare-client.ts";
import type { Commands } from "./saved-file.ts";

export const smallKeyPrefix = "key:";
/** What every value is at first. */
export const smallKeyBase = 1_000_000_000_000_000;

const digits = 12;
const keysOfBatch = 10_000;

export function numberedKey(prefix: string, number: number): string {
  return prefix + String(number).padStart(digits, "0");
}

export function* smallKeyCommands(count: number): Commands {
  const value = String(smallKeyBase);
  for (let first = 0; first < count; first += keysOfBatch) {
    const length = Math.min(keysOfBatch, count - first);
    const sets = Array.from({ length }, (_, at) => encode(["SET", numberedKey(smallKeyPrefix, first + at), value]));
    yield Buffer.from(sets.join(""), "latin1");
  }
  return count;
}
