/**
 * Which channels a pattern of PSUBSCRIBE matches: Valkey's glob (util.c, stringmatchlen_impl, 8.0), case kept. `*` any
 * run, `?` one byte, `[a-z]` and `[^a-z]` classes, `\` takes the next byte as it is. Not POSIX: a class that is not closed
 * ends with the pattern, and nothing, not even `*`, matches the empty channel but the empty pattern. Texts have one
 * character a byte.
 *
 * Only for counting who gets a message: messages themselves come from the engine, matched.
 */
const STAR = 42;
const QUESTION = 63;
const OPEN = 91;
const BACKSLASH = 92;
const CLOSE = 93;
const CARET = 94;
const MINUS = 45;

/** A pattern with more stars than that in a row of trials matches nothing. */
const nestingMax = 1000;

interface Search {
  pattern: string;
  text: string;
  /** The rest of the pattern matches nowhere in the rest of the text: earlier stars need not try longer runs. */
  isHopeless: boolean;
}

export function matchesGlob(pattern: string, text: string): boolean {
  return matchFrom({ pattern, text, isHopeless: false }, 0, 0, 0);
}

function matchFrom(search: Search, patternStart: number, textStart: number, nesting: number): boolean {
  if (nesting > nestingMax) return false;
  const { pattern, text } = search;
  let at = patternStart;
  let textAt = textStart;
  while (at < pattern.length && textAt < text.length) {
    const byte = pattern.charCodeAt(at);
    if (byte === STAR) return matchStar(search, at, textAt, nesting);
    if (byte === OPEN) {
      const end = matchClass(pattern, at + 1, text.charCodeAt(textAt));
      if (end < 0) return false;
      at = end;
    } else if (byte === QUESTION) {
      at++;
    } else {
      if (byte === BACKSLASH && at + 1 < pattern.length) at++;
      if (pattern.charCodeAt(at) !== text.charCodeAt(textAt)) return false;
      at++;
    }
    textAt++;
    if (textAt === text.length) while (pattern.charCodeAt(at) === STAR) at++;
  }
  return at >= pattern.length && textAt === text.length;
}

function matchStar(search: Search, starAt: number, textStart: number, nesting: number): boolean {
  const { pattern, text } = search;
  let at = starAt;
  while (pattern.charCodeAt(at + 1) === STAR) at++;
  if (at + 1 === pattern.length) return true;
  for (let textAt = textStart; textAt < text.length; textAt++) {
    if (matchFrom(search, at + 1, textAt, nesting + 1)) return true;
    if (search.isHopeless) return false;
  }
  search.isHopeless = true;
  return false;
}

/** Whether the class that begins after `[` at `start` has the byte: the offset after the class, or -1. */
function matchClass(pattern: string, start: number, byte: number): number {
  let at = start;
  const isNegated = pattern.charCodeAt(at) === CARET;
  if (isNegated) at++;
  let isFound = false;
  for (; at < pattern.length && pattern.charCodeAt(at) !== CLOSE; at++) {
    if (pattern.charCodeAt(at) === BACKSLASH && at + 1 < pattern.length) {
      at++;
      if (pattern.charCodeAt(at) === byte) isFound = true;
    } else if (pattern.charCodeAt(at + 1) === MINUS && at + 2 < pattern.length) {
      if (isBetween(byte, pattern.charCodeAt(at), pattern.charCodeAt(at + 2))) isFound = true;
      at += 2;
    } else if (pattern.charCodeAt(at) === byte) {
      isFound = true;
    }
  }
  if (isFound === isNegated) return -1;
  return Math.min(at + 1, pattern.length);
}

/** In either order, and as the signed bytes that C compares. */
function isBetween(byte: number, one: number, other: number): boolean {
  const [value, first, second] = [signed(byte), signed(one), signed(other)];
  return value >= Math.min(first, second) && value <= Math.max(first, second);
}

function signed(byte: number): number {
  return (byte << 24) >> 24;
}
