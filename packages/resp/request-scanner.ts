/**
 * Finds the requests in a client's bytes, in place: no slices, no strings, no copies. RESP arrays of bulk strings and
 * inline lines, with the limits and the error texts of Valkey (networking.c, 8.0).
 *
 * It keeps no bytes and no position between calls: the caller keeps what a call did not use and comes again with more.
 * `needed` then says how many bytes, counted from the request's start, must be there before another try can get further,
 * so that a request that trickles in is not scanned over and over.
 *
 * It may never take what the engine would refuse: requests go on as they came, and a protocol error of one client would
 * end a connection that many share. Hence lengths are read as strictly as there: no leading zeros, no `-0`.
 *
 *   complete   the fields describe one request; it ends at `end`
 *   partial    more bytes are needed
 *   large      the request, or one argument of it, is longer than `largeBytes` and has not wholly arrived, while the
 *              command's name has: the caller may stream it
 *   inline     a line ends at `end`; its arguments are parsed by `parseInline`
 *   empty      bytes up to `end` ask for nothing (an empty line, an array of no elements)
 *   malformed  `error` is the text of Valkey's error; the stream cannot be read any further
 */
export const Scan = { complete: 0, partial: 1, large: 2, inline: 3, empty: 4, malformed: 5 } as const;
export type Scan = (typeof Scan)[keyof typeof Scan];

export interface RequestLimits {
  argumentsMax: number;
  bulkBytesMax: number;
  /** Requests over this that have not wholly arrived are reported as `large`. */
  largeBytes: number;
  authenticated: boolean;
}

/** Valkey's own: 1,048,576 arguments, proto-max-bulk-len 512 MiB, and much less before authentication. */
export const authenticatedLimits: RequestLimits = {
  argumentsMax: 1024 * 1024,
  bulkBytesMax: 512 * 1024 * 1024,
  largeBytes: 256 * 1024,
  authenticated: true,
};
export const unauthenticatedLimits: RequestLimits = {
  argumentsMax: 10,
  bulkBytesMax: 16 * 1024,
  largeBytes: 256 * 1024,
  authenticated: false,
};

const inlineBytesMax = 64 * 1024;
/** The longest line that can hold a length; a longer one is malformed. */
const lengthLineBytesMax = 64 * 1024;
/** Offsets are kept for the first arguments only; `collectArguments` reads all of them. */
const keptArguments = 4;
/** As many as a 64-bit number surely takes. */
const digitsMax = 18;
/** Past this a count is invalid, whoever sends it. */
const argumentsRepresentable = 2 ** 31 - 1;
/** Of `$0\r\n\r\n`. */
const argumentBytesMin = 6;

const CR = 13;
const LF = 10;
const DOLLAR = 36;
const STAR = 42;
const MINUS = 45;
const ZERO = 48;

export class RequestScanner {
  /** Arguments of the request, the command's name included. */
  argumentCount = 0;
  /** Offset after the request's last byte. */
  end = 0;
  needed = 0;
  error = "";
  /** Start and end offsets of the first arguments, in pairs. */
  readonly offsets = new Int32Array(keptArguments * 2);

  #number = 0;
  #cursor = 0;
  /** Arguments that have wholly arrived. */
  #whole = 0;

  /** Scans the request that starts at `start`; bytes from `limit` on are not there yet. O(arguments). */
  scan(bytes: Uint8Array, start: number, limit: number, limits: RequestLimits): Scan {
    if (start >= limit) return this.#partial(1);
    if (bytes[start] !== STAR) return this.#scanLine(bytes, start, limit);
    const count = this.#readLength(bytes, start + 1, limit, start, "mbulk");
    if (count !== Scan.complete) return count;
    const argumentCount = this.#number;
    if (argumentCount > limits.argumentsMax) {
      const isTooEarly = !limits.authenticated && argumentCount <= argumentsRepresentable;
      return this.#malformed(isTooEarly ? "unauthenticated multibulk length" : "invalid multibulk length");
    }
    if (argumentCount <= 0) {
      this.end = this.#cursor;
      return Scan.empty;
    }
    this.argumentCount = argumentCount;
    const found = this.#scanArguments(bytes, start, limit, limits);
    if (found !== Scan.partial) return found;
    if (limit - start > limits.largeBytes)
      return this.#whole > 0 ? Scan.large : this.#malformed("too big command name");
    this.#askForMore(limits.largeBytes);
    return found;
  }

  /**
   * A request of very many arguments that comes a byte at a time would be scanned anew for each. What its other arguments
   * take at least may be awaited first; an eighth of what was scanned is enough, and does not keep an error waiting long.
   */
  #askForMore(largeBytes: number): void {
    const missing = (this.argumentCount - this.#whole - 1) * argumentBytesMin;
    this.needed = Math.min(this.needed + Math.min(missing, this.#whole >> 3), largeBytes + 1);
  }

  #scanArguments(bytes: Uint8Array, start: number, limit: number, limits: RequestLimits): Scan {
    let position = this.#cursor;
    const offsets = this.offsets;
    this.#whole = 0;
    for (let index = 0; index < this.argumentCount; index++) {
      if (position >= limit) return this.#partial(position + 1 - start);
      if (bytes[position] !== DOLLAR) {
        return this.#malformed(`expected '$', got '${printable(bytes[position] as number)}'`);
      }
      const header = this.#readLength(bytes, position + 1, limit, start, "bulk");
      if (header !== Scan.complete) return header;
      const length = this.#number;
      if (length < 0 || length > limits.bulkBytesMax) {
        const isTooEarly = !limits.authenticated && length > 0 && length <= authenticatedLimits.bulkBytesMax;
        return this.#malformed(isTooEarly ? "unauthenticated bulk length" : "invalid bulk length");
      }
      const argumentStart = this.#cursor;
      position = argumentStart + length + 2;
      if (index < keptArguments) {
        offsets[index * 2] = argumentStart;
        offsets[index * 2 + 1] = argumentStart + length;
      }
      if (position > limit) {
        this.needed = position - start;
        return length > limits.largeBytes && index > 0 ? Scan.large : Scan.partial;
      }
      this.#whole++;
    }
    this.end = position;
    return Scan.complete;
  }

  /** Reads digits up to CR LF from `position`; the number is in #number and the offset after it in #cursor. */
  #readLength(bytes: Uint8Array, position: number, limit: number, start: number, kind: "mbulk" | "bulk"): Scan {
    let value = 0;
    let digits = 0;
    let negative = false;
    let cursor = position;
    for (; cursor < limit; cursor++) {
      const byte = bytes[cursor] as number;
      if (byte === CR) {
        if (digits === 0 || digits > digitsMax || (negative && value === 0)) return this.#invalidLength(kind);
        if (cursor + 1 >= limit) return this.#partial(cursor + 2 - start);
        if (bytes[cursor + 1] !== LF) return this.#invalidLength(kind);
        this.#number = negative ? -value : value;
        this.#cursor = cursor + 2;
        return Scan.complete;
      }
      const digit = byte - ZERO;
      if (digit >= 0 && digit <= 9) {
        if (value === 0 && digits > 0) return this.#invalidLength(kind);
        value = value * 10 + digit;
        digits++;
        if (digits > digitsMax && cursor - position > lengthLineBytesMax) break;
      } else if (byte === MINUS && cursor === position) {
        negative = true;
      } else {
        return this.#invalidLength(kind);
      }
    }
    if (cursor - position > lengthLineBytesMax) return this.#malformed(`too big ${kind} count string`);
    return this.#partial(cursor + 1 - start);
  }

  #invalidLength(kind: "mbulk" | "bulk"): Scan {
    return this.#malformed(kind === "mbulk" ? "invalid multibulk length" : "invalid bulk length");
  }

  #scanLine(bytes: Uint8Array, start: number, limit: number): Scan {
    const newline = bytes.subarray(0, limit).indexOf(LF, start);
    if (newline < 0) {
      if (limit - start > inlineBytesMax) return this.#malformed("too big inline request");
      return this.#partial(limit + 1 - start);
    }
    if (newline - start > inlineBytesMax) return this.#malformed("too big inline request");
    this.end = newline + 1;
    const length = newline - start;
    return length === 0 || (length === 1 && bytes[start] === CR) ? Scan.empty : Scan.inline;
  }

  #partial(needed: number): Scan {
    this.needed = needed;
    return Scan.partial;
  }

  #malformed(error: string): Scan {
    this.error = error;
    return Scan.malformed;
  }
}

/** Every argument of the whole request at `start`, as views into `bytes`. For commands off the hot path. */
export function collectArguments(bytes: Buffer, start: number): Buffer[] {
  const found: Buffer[] = [];
  let position = bytes.indexOf(LF, start) + 1;
  const count = Number(bytes.toString("latin1", start + 1, position - 2));
  for (let index = 0; index < count; index++) {
    const lineEnd = bytes.indexOf(LF, position) + 1;
    const length = Number(bytes.toString("latin1", position + 1, lineEnd - 2));
    found.push(bytes.subarray(lineEnd, lineEnd + length));
    position = lineEnd + length + 2;
  }
  return found;
}

function printable(byte: number): string {
  return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : " ";
}
