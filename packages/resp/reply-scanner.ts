/**
 * Finds where replies end in a stream of RESP2 or RESP3, across any split into pieces, keeping no bytes of it. Values of
 * any size pass: nothing is collected.
 *
 * State, carried between calls: the place in the current element (type byte, length digits, line, bulk), and for each
 * open aggregate how many elements are still to come. Attributes (`|`) belong to the reply that follows them, which gives
 * `type`. Pushes stand between replies, never inside one. Streamed strings and aggregates (`$?`, `*?`), which no engine
 * sends, are malformed. So is every line and every bulk that does not end in CR LF: it is how lost synchronisation shows.
 * Source: RESP3 specification, 1.4.
 */
const At = { type: 0, length: 1, lengthEnd: 2, line: 3, bulk: 4, bulkEnd: 5 } as const;
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

/**
 * Deeper replies are malformed, as the stack must be bounded. A script may return tables in tables, until Lua's own stack
 * of 8,000 values is full; a connection that many share must not be lost by that.
 */
const depthMax = 8192;

export class ReplyScanner {
  /** Set by `next`: whether it stopped at the end of a whole reply. */
  complete = false;
  /** Set by `next` when the bytes are not RESP; the stream cannot be used any further. */
  malformed = false;
  /** The first byte of the current, or the just completed, reply; that of its attributes until they have passed. */
  type = 0;

  readonly #bulkBytesMax: number;
  #at: At = At.type;
  #elementType = 0;
  #number = 0;
  #negative = false;
  #digits = 0;
  /** Bytes of a bulk still to pass, without its CR LF. */
  #bulkRemaining = 0;
  /** The bytes so far end in the CR of a line or of a bulk's end. */
  #isAfterCr = false;
  readonly #open: number[] = [];
  /** How many of the open aggregates are attributes of the reply itself. */
  #attributes = 0;
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
          if (!this.#started || (this.#attributes > 0 && this.#isAfterAttributes)) {
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
            this.#isAfterCr = false;
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
          } else if (byte === CR && this.#digits > 0) {
            this.#at = At.lengthEnd;
          } else {
            return this.#fail(cursor);
          }
          break;
        }
        case At.lengthEnd: {
          if (bytes[cursor++] !== LF || !this.#endLength()) return this.#fail(cursor);
          if (this.complete) return cursor;
          break;
        }
        case At.line: {
          const newline = bytes.indexOf(LF, cursor);
          if (newline < 0 || newline >= limit) {
            this.#isAfterCr = bytes[limit - 1] === CR;
            return limit;
          }
          const hasCr = newline > cursor ? bytes[newline - 1] === CR : this.#isAfterCr;
          cursor = newline + 1;
          if (!hasCr) return this.#fail(cursor);
          if (this.#endElement()) return cursor;
          break;
        }
        case At.bulk: {
          const end = cursor + this.#bulkRemaining;
          if (end + 2 <= limit) {
            cursor = end + 2;
            if (bytes[end] !== CR || bytes[end + 1] !== LF) return this.#fail(cursor);
            if (this.#endElement()) return cursor;
            break;
          }
          if (end > limit) {
            this.#bulkRemaining = end - limit;
            return limit;
          }
          cursor = end;
          this.#isAfterCr = false;
          this.#at = At.bulkEnd;
          break;
        }
        case At.bulkEnd: {
          if (bytes[cursor++] !== (this.#isAfterCr ? LF : CR)) return this.#fail(cursor);
          if (this.#isAfterCr && this.#endElement()) return cursor;
          this.#isAfterCr = true;
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
      this.#bulkRemaining = this.#number;
      this.#at = At.bulk;
      return true;
    }
    const elements = type === PERCENT || type === BAR ? this.#number * 2 : this.#number;
    if (type === BAR) return this.#openAttribute(elements);
    if (type === PUSH && this.#open.length > 0 && !this.#isAfterAttributes) return false;
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
    const isOfReply = this.#open.length === 0 || this.#isAfterAttributes;
    this.#open.push(elements + 1);
    if (isOfReply) this.#attributes++;
    return true;
  }

  /** Whether all that is open are attributes of the reply itself, and they have passed. */
  get #isAfterAttributes(): boolean {
    return this.#open.length === this.#attributes && this.#open[this.#attributes - 1] === 1;
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
    this.#attributes = 0;
    this.#started = false;
    this.complete = true;
    return true;
  }

  #fail(cursor: number): number {
    this.malformed = true;
    return cursor;
  }
}
