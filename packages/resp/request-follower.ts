/**
 * Follows one request across any split into pieces, keeping no bytes of it, for requests that are passed on as they come.
 * Unlike ReplyScanner it takes nothing but an array of bulk strings, as strictly as the engine that gets it
 * (request-scanner.ts): the two must agree on where the request ends. What stands in the place of a bulk's CR LF does not
 * matter, as it does not there.
 */
import { authenticatedLimits } from "./request-scanner.ts";

const At = { count: 0, dollar: 1, length: 2, lengthEnd: 3, bulk: 4 } as const;
type At = (typeof At)[keyof typeof At];

const CR = 13;
const LF = 10;
const DOLLAR = 36;
const STAR = 42;
const ZERO = 48;
const digitsMax = 10;

export class RequestFollower {
  complete = false;
  /** The rest cannot be a request. The text of Valkey's error is in `error`. */
  malformed = false;
  error = "";

  #at: At = At.count;
  #number = 0;
  #digits = 0;
  /** Arguments still to come; -1 until their count has been read. */
  #arguments = -1;
  /** Bytes of a bulk still to pass, its CR LF included. */
  #bulkRemaining = 0;

  /** Goes on from `position` to the request's end or that of the bytes, and returns the offset there. */
  next(bytes: Uint8Array, position: number, limit: number): number {
    let cursor = position;
    while (cursor < limit && !this.complete && !this.malformed) {
      if (this.#at === At.bulk) {
        const passed = Math.min(this.#bulkRemaining, limit - cursor);
        cursor += passed;
        this.#bulkRemaining -= passed;
        if (this.#bulkRemaining === 0) this.#endArgument();
      } else {
        this.#takeHeaderByte(bytes[cursor++] as number);
      }
    }
    return cursor;
  }

  #takeHeaderByte(byte: number): void {
    switch (this.#at) {
      case At.count:
        if (byte === STAR) this.#beginLength();
        else this.#fail("expected '*'");
        break;
      case At.dollar:
        if (byte === DOLLAR) this.#beginLength();
        else this.#fail(`expected '$', got '${byte >= 32 && byte < 127 ? String.fromCharCode(byte) : " "}'`);
        break;
      case At.lengthEnd:
        if (byte === LF) this.#endLength();
        else this.#failLength();
        break;
      default:
        this.#takeDigit(byte);
    }
  }

  #beginLength(): void {
    this.#number = 0;
    this.#digits = 0;
    this.#at = At.length;
  }

  #takeDigit(byte: number): void {
    if (byte === CR && this.#digits > 0) {
      this.#at = At.lengthEnd;
      return;
    }
    const digit = byte - ZERO;
    const isLeadingZero = this.#digits > 0 && this.#number === 0;
    if (digit < 0 || digit > 9 || isLeadingZero || ++this.#digits > digitsMax) return this.#failLength();
    this.#number = this.#number * 10 + digit;
  }

  #endLength(): void {
    const max = this.#arguments < 0 ? authenticatedLimits.argumentsMax : authenticatedLimits.bulkBytesMax;
    if (this.#number > max) return this.#failLength();
    if (this.#arguments < 0) {
      this.#arguments = this.#number;
      this.#at = At.dollar;
      this.complete = this.#arguments === 0;
    } else {
      this.#bulkRemaining = this.#number + 2;
      this.#at = At.bulk;
    }
  }

  #endArgument(): void {
    this.#arguments--;
    this.#at = At.dollar;
    this.complete = this.#arguments === 0;
  }

  #failLength(): void {
    this.#fail(this.#arguments < 0 ? "invalid multibulk length" : "invalid bulk length");
  }

  #fail(error: string): void {
    this.malformed = true;
    this.error = error;
  }
}
