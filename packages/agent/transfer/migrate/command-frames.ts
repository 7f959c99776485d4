/**
 * Parts a primary's stream of changes into its commands, however it is cut, and counts its bytes. Commands that are longer than a
 * bound pass in pieces: only their first words are known.
 *
 * What is not an array of bulk strings is not a command of a stream: nothing after it can be trusted. Primaries also send empty
 * lines, which count.
 */
import {
  authenticatedLimits,
  collectArguments,
  RequestFollower,
  type RequestLimits,
  RequestScanner,
  Scan,
} from "@larder/resp";
import { migrationLimits } from "./migration-limits.ts";

export interface CommandFrame {
  /** The command's bytes; of a long one its first piece. */
  bytes: Buffer;
  /** More pieces of it follow. */
  isLong: boolean;
  nameStart: number;
  nameEnd: number;
  /** Of a long one those that are there, else all. */
  words(): Buffer[];
}

/** The stream cannot be read any further. */
export class BadStream extends Error {
  override readonly name = "BadStream";
}

/** A command of which so much has come passes in pieces. */
const longBytes = 1024 * 1024;
/** As many as a decision on a long command needs: its name, and its key. */
const frontWords = 4;

export type StreamItem =
  | { kind: "command"; frame: CommandFrame }
  /** More of a long command; `isLast` with its last piece. */
  | { kind: "piece"; bytes: Buffer; isLast: boolean }
  /** Bytes that ask for nothing. */
  | { kind: "nothing"; bytes: Buffer };

export class CommandFrames {
  readonly #scanner = new RequestScanner();
  readonly #limits: RequestLimits;
  #held: Buffer = Buffer.alloc(0);
  #position = 0;
  /** What came behind the held bytes. */
  #pushed: Buffer[] = [];
  #pushedBytes = 0;
  /** How many bytes from the position on there must be, before another look can find more. */
  #needed = 1;
  #follower: RequestFollower | null = null;
  /** Bytes that `next` has given. */
  offset: number;

  /** `isWhole`: commands are looked at as a whole, as far as the limit goes. */
  constructor({ offset, isWhole }: { offset: number; isWhole: boolean }) {
    this.offset = offset;
    this.#limits = { ...authenticatedLimits, largeBytes: isWhole ? migrationLimits.commandBytesMax : longBytes };
  }

  push(bytes: Buffer): void {
    this.#pushed.push(bytes);
    this.#pushedBytes += bytes.length;
  }

  /** null: more has to come. Throws BadStream. */
  next(): StreamItem | null {
    if (this.#held.length - this.#position + this.#pushedBytes < this.#needed) return null;
    if (this.#held.length - this.#position < this.#needed) this.#gather();
    return this.#follower === null ? this.#scan() : this.#follow(this.#follower);
  }

  #gather(): void {
    const rest = this.#held.subarray(this.#position);
    const [first] = this.#pushed;
    const isOne = rest.length === 0 && this.#pushed.length === 1;
    this.#held = isOne && first !== undefined ? first : Buffer.concat([rest, ...this.#pushed]);
    this.#position = 0;
    this.#pushed = [];
    this.#pushedBytes = 0;
  }

  #scan(): StreamItem | null {
    const start = this.#position;
    const scanner = this.#scanner;
    const found = scanner.scan(this.#held, start, this.#held.length, this.#limits);
    switch (found) {
      case Scan.complete:
        return { kind: "command", frame: this.#frame(start, this.#advance(scanner.end), false) };
      case Scan.empty:
        return { kind: "nothing", bytes: this.#advance(scanner.end) };
      case Scan.partial:
        this.#needed = scanner.needed;
        return null;
      case Scan.large:
        return this.#beginLong(start);
      default:
        throw new BadStream(
          `At offset ${this.offset} of the stream stands no command: ${scanner.error || "a line without a length"}.`,
        );
    }
  }

  #beginLong(start: number): StreamItem {
    const follower = new RequestFollower();
    follower.next(this.#held, start, this.#held.length);
    if (follower.malformed)
      throw new BadStream(`At offset ${this.offset} of the stream stands no command: ${follower.error}.`);
    this.#follower = follower;
    return { kind: "command", frame: this.#frame(start, this.#advance(this.#held.length), true) };
  }

  #follow(follower: RequestFollower): StreamItem {
    const end = follower.next(this.#held, this.#position, this.#held.length);
    if (follower.malformed)
      throw new BadStream(`At offset ${this.offset} a command of the stream is broken: ${follower.error}.`);
    if (follower.complete) this.#follower = null;
    return { kind: "piece", bytes: this.#advance(end), isLast: follower.complete };
  }

  #advance(end: number): Buffer {
    const bytes = this.#held.subarray(this.#position, end);
    this.offset += bytes.length;
    this.#position = end;
    this.#needed = 1;
    return bytes;
  }

  #frame(start: number, bytes: Buffer, isLong: boolean): CommandFrame {
    const { offsets } = this.#scanner;
    const [nameStart = 0, nameEnd = 0] = [offsets[0], offsets[1]];
    const words = isLong ? () => frontOf(bytes) : () => collectArguments(bytes, 0);
    return { bytes, isLong, nameStart: nameStart - start, nameEnd: nameEnd - start, words };
  }
}

/** The first words of a command, as far as they are whole. */
function frontOf(bytes: Buffer): Buffer[] {
  const words: Buffer[] = [];
  let position = bytes.indexOf(10) + 1;
  while (words.length < frontWords) {
    const lineEnd = bytes.indexOf(10, position) + 1;
    const length = Number(bytes.toString("latin1", position + 1, lineEnd - 2));
    if (lineEnd === 0 || lineEnd + length > bytes.length) break;
    words.push(bytes.subarray(lineEnd, lineEnd + length));
    position = lineEnd + length + 2;
  }
  return words;
}
