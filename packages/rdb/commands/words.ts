/** Words of commands that are no one's data: ASCII. */
export function word(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

const verbs = new Map<string, Uint8Array>();

/** The same bytes each time, for words that come again and again. They must not be changed. */
export function verb(text: string): Uint8Array {
  let bytes = verbs.get(text);
  if (bytes === undefined) {
    bytes = word(text);
    verbs.set(text, bytes);
  }
  return bytes;
}

/** The number that the engine reads back is the same, to the last bit. */
export function scoreWord(score: number): Uint8Array {
  if (score === Number.POSITIVE_INFINITY) return word("inf");
  if (score === Number.NEGATIVE_INFINITY) return word("-inf");
  return word(Object.is(score, -0) ? "-0" : String(score));
}
