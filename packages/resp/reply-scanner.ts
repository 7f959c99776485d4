/**
 * Finds where replies end in a stream of RESP2 or RESP3, across any split into pieces, keeping no bytes of it. Values of
 * any size pass: nothing is collected.
 *
 * State, carried between calls: the place in the current element (type byte, length digits, line, bulk), and for each
 * open aggregate how many elements are still to come. Attributes (`|`) belong to the reply that follows them. Streamed
 * aggregates (`*?`), which no engine sends, are malformed. Source: RESP3 specification, 1.4.
 */
const At = { type: 0, length: 1, line: 2, bulk: 3 } as const;
type At = (typeof At)[keyof typeof At];

const CR = 13;
const LF = 10;
const PLUS = 43;
const MINUS = 45;
const DOLLAR = 36;
const STAR = 42;
const COLON = 58;
const PUSH = 62;
const PERCENT = 37;
const TILDE = 126;
const BAR = 124;
const EXCLAMATION = 33;
const EQUALS = 61;
const UNDERSCORE = 95;
const HASH = 35;
const COMMA = 44;
const PARENTHESIS = 40;

/** Deeper replies are malformed: no command nests so far, and the stack must be bounded. */
const depthMax = 512;

export class ReplyScanner {
  /** Set by `next`: whether it stopped at the end of a whole reply. */
  complete = false;
  /** Set by `next` when the bytes are not RESP; the stream cannot be used any further. */
  malformed = false;
  /** The first byte of the current, or the just completed, reply. */
  type = 0;

  readonly #bulkBytesMax: number;
  #at: At = At.type;
  #elementType = 0;
  #number = 0;
  #negative = false;
  #digits = 0;
  /** Bytes of a bulk still to pass, its CR LF included. */
  #bulkRemaining = 0;
  readonly #open: number[] = [];
  #started = false;

  constructor(bulkBytesMax: number) {
    this.#bulkBytesMax = bulkBytesMax;
  }

  /** Whether part of a reply has passed and the rest has not. */
  get isInside(): boolean {
    return this.#started;
  }

  /**
   * Goes on from `position` to the end of the current reply or of the bytes, whichever comes first, and returns the
   * offset there. O(elements), not O(bytes).
   */
  next(bytes: Uint8Array, position: number, limit: number): number {
    this.complete = false;
    let cursor = position;
    while (cursor < limit) {
      switch (this.#at) {
        case At.type: {
          const type = bytes[cursor++] as number;
          if (!this.#started) {
            this.#started = true;
            this.type = type;
          }
          this.#elementType = type;
          if (
            type === DOLLAR ||
            type === STAR ||
            type === PUSH ||
            type === PERCENT ||
            type === TILDE ||
            type === BAR ||
            type === EXCLAMATION ||
            type === EQUALS
          ) {
            this.#number = 0;
            this.#digits = 0;
            this.#negative = false;
            this.#at = At.length;
          } else if (
            type === PLUS ||
            type === MINUS ||
            type === COLON ||
            type === UNDERSCORE ||
            type === HASH ||
            type === COMMA ||
            type === PARENTHESIS
          ) {
            this.#at = At.line;
          } else {
            return this.#fail(cursor);
          }
          break;
        }
        case At.length: {
          const byte = bytes[cursor++] as number;
          if (byte >= 48 && byte <= 57) {
            this.#number = this.#number * 10 + (byte - 48);
            if (++this.#digits > 15) return this.#fail(cursor);
          } else if (byte === MINUS && this.#digits === 0 && !this.#negative) {
            this.#negative = true;
          } else if (byte === LF) {
            if (this.#digits === 0 || !this.#endLength()) return this.#fail(cursor);
            if (this.complete) return cursor;
          } else if (byte !== CR) {
            return this.#fail(cursor);
          }
          break;
        }
        case At.line: {
          const newline = bytes.indexOf(LF, cursor);
          if (newline < 0 || newline >= limit) return limit;
          cursor = newline + 1;
          if (this.#endElement()) return cursor;
          break;
        }
        case At.bulk: {
          const available = limit - cursor;
          if (available < this.#bulkRemaining) {
            this.#bulkRemaining -= available;
            return limit;
          }
          cursor += this.#bulkRemaining;
          if (this.#endElement()) return cursor;
          break;
        }
      }
    }
    return cursor;
  }

  /** A length line ended. Returns false when it makes no sense; sets `complete` when the whole reply ended with it. */
  #endLength(): boolean {
    const type = this.#elementType;
    if (this.#negative) {
      if (this.#number !== 1 || (type !== DOLLAR && type !== STAR)) return false;
      this.#endElement();
      return true;
    }
    if (type === DOLLAR || type === EXCLAMATION || type === EQUALS) {
      if (this.#number > this.#bulkBytesMax) return false;
      this.#bulkRemaining = this.#number + 2;
      this.#at = At.bulk;
      return true;
    }
    const elements = type === PERCENT || type === BAR ? this.#number * 2 : this.#number;
    if (type === BAR) return this.#openAttribute(elements);
    if (elements === 0) {
      this.#endElement();
      return true;
    }
    if (this.#open.length >= depthMax) return false;
    this.#open.push(elements);
    this.#at = At.type;
    return true;
  }

  /** An attribute is not an element: the reply it belongs to comes after, so one more element is awaited. */
  #openAttribute(elements: number): boolean {
    this.#at = At.type;
    if (this.#open.length >= depthMax) return false;
    this.#open.push(elements + 1);
    return true;
  }

  /** One element ended: closes every aggregate that it completes. Returns whether the whole reply is complete. */
  #endElement(): boolean {
    this.#at = At.type;
    const open = this.#open;
    while (open.length > 0) {
      const remaining = (open[open.length - 1] as number) - 1;
      if (remaining > 0) {
        open[open.length - 1] = remaining;
        return false;
      }
      open.pop();
    }
    this.#started = false;
    this.complete = true;
    return true;
  }

  #fail(cursor: number): number {
    this.malformed = true;
    return cursor;
  }
}
