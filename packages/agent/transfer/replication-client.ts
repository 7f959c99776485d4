/**
 * The replica's side of replication, as far as it is needed to get at data: a server gives its dataset of one moment as an RDB,
 * and where it was asked by PSYNC, all writes behind that. The server may be one of our nodes or anybody's, from Redis 2.8 on.
 *
 *   PING, AUTH, REPLCONF …   a line each
 *   SYNC                     the copy, then the stream of commands
 *   PSYNC history offset     +FULLRESYNC history offset, the copy, the stream; or +CONTINUE [history], the stream
 *   the copy                 $<bytes>, and so many; or $EOF:<40 characters>, and what comes up to these 40
 *
 * The connection itself is the caller's to open: Unix socket, TCP or TLS. Where the server waits before it sends the copy, it
 * says that it is alive by empty lines. Source: Redis and Valkey, replication.c.
 */
import type { Socket } from "node:net";
import { encodeRequest } from "@larder/resp";
import { ByteSource, type ByteSourceOptions } from "./byte-source.ts";
import { TransferError } from "./transfer-error.ts";

/** What a server answers to PSYNC. `offset` is where the stream goes on behind the copy. */
export type PsyncAnswer =
  | { kind: "full"; history: string; offset: number }
  /** With its history where that has changed meanwhile. */
  | { kind: "continue"; history: string | null };

/** The server's answer was an error. */
export class CommandRefused extends TransferError {
  /** As the server said it, without the dash: "NOPERM …". */
  readonly reply: string;

  constructor(name: string, command: string, reply: string) {
    super("SourceRefused", `${name} refused ${command}: ${reply}`);
    this.name = "CommandRefused";
    this.reply = reply;
  }
}

const markBytes = 40;

export class ReplicationClient {
  readonly #socket: Socket;
  readonly #source: ByteSource;
  readonly #name: string;
  /** Length of the copy where the server said it. */
  #copyBytes: number | null = null;

  constructor(socket: Socket, options: ByteSourceOptions) {
    this.#socket = socket;
    this.#name = options.name;
    this.#source = new ByteSource(socket, options);
  }

  /** How long the copy is; null before it has begun, and where the server does not know itself. */
  get copyBytes(): number | null {
    return this.#copyBytes;
  }

  /** A command that is answered by one line. Throws CommandRefused, whose text has no arguments, and SourceLost. */
  async ask(...command: readonly string[]): Promise<string> {
    this.write(encodeRequest(command));
    const line = await this.#source.readLine();
    if (line.startsWith("-")) throw new CommandRefused(this.#name, command[0] ?? "", line.slice(1));
    return line.slice(1);
  }

  /** The same, where it is no matter whether the server knows the command. */
  async mention(...command: readonly string[]): Promise<boolean> {
    try {
      await this.ask(...command);
      return true;
    } catch (error) {
      if (error instanceof CommandRefused) return false;
      throw error;
    }
  }

  /** `copy()` gives it. */
  sync(): void {
    this.write(encodeRequest(["SYNC"]));
  }

  /** `history` "?" and offset -1 ask for all of it. Throws CommandRefused where the server does not know PSYNC, or cannot now. */
  async psync(history: string, offset: number): Promise<PsyncAnswer> {
    const answer = await this.ask("PSYNC", history, String(offset));
    const [word, first, second] = answer.split(" ");
    if (word === "CONTINUE") return { kind: "continue", history: first ?? null };
    const from = Number(second);
    if (word === "FULLRESYNC" && first !== undefined && Number.isSafeInteger(from))
      return { kind: "full", history: first, offset: from };
    throw new TransferError("SourceLost", `${this.#name} answered PSYNC with what makes no sense.`);
  }

  /** The RDB, whole. The chunks are the caller's own. Throws SourceLost where it ends early, and CommandRefused. */
  async *copy(): AsyncGenerator<Uint8Array, void, void> {
    const line = await this.#source.readLine();
    if (line.startsWith("-")) throw new CommandRefused(this.#name, "the copy", line.slice(1));
    const mark = /^\$EOF:(.{40})$/s.exec(line)?.[1];
    const bytes = /^\$(\d+)$/.exec(line)?.[1];
    if (mark !== undefined) yield* this.#copyUpTo(Buffer.from(mark, "latin1"));
    else if (bytes !== undefined) yield* this.#copyOf(Number(bytes));
    else throw new TransferError("SourceLost", `${this.#name} began its copy with what makes no sense.`);
  }

  /** What comes behind the copy, or behind +CONTINUE, until the connection ends. */
  async *stream(): AsyncGenerator<Uint8Array, void, void> {
    for (let chunk = await this.#source.next(); chunk !== null; chunk = await this.#source.next()) yield chunk;
  }

  /** Says something that is not answered, as `REPLCONF ACK` is not. */
  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** The server ends its own part of it: the process that writes the copy dies with its reader. */
  close(): void {
    this.#socket.destroy();
  }

  async *#copyOf(bytes: number): AsyncGenerator<Uint8Array, void, void> {
    this.#copyBytes = bytes;
    for (let left = bytes; left > 0; ) {
      const chunk = await this.#nextOfCopy();
      if (chunk.length > left) this.#source.unread(chunk.subarray(left));
      const part = chunk.length > left ? chunk.subarray(0, left) : chunk;
      left -= part.length;
      yield part;
    }
  }

  /**
   * The mark is the last that comes: the server says nothing more before it has heard of us. So it is enough to hold back as
   * many bytes as it has, and look at these.
   */
  async *#copyUpTo(mark: Buffer): AsyncGenerator<Uint8Array, void, void> {
    let held: Uint8Array = new Uint8Array(0);
    while (!mark.equals(held)) {
      const chunk = await this.#nextOfCopy();
      // Mostly chunks are long, and only the few bytes that were held are copied.
      if (chunk.length >= markBytes) {
        if (held.length > 0) yield held;
        held = Buffer.from(chunk.subarray(chunk.length - markBytes));
        if (chunk.length > markBytes) yield chunk.subarray(0, chunk.length - markBytes);
        continue;
      }
      const both = Buffer.concat([held, chunk]);
      const keptAt = Math.max(0, both.length - markBytes);
      held = both.subarray(keptAt);
      if (keptAt > 0) yield both.subarray(0, keptAt);
    }
  }

  async #nextOfCopy(): Promise<Uint8Array> {
    const chunk = await this.#source.next();
    if (chunk !== null) return chunk;
    throw new TransferError("SourceLost", `${this.#name} closed the connection in the middle of its copy.`, {
      isRetryable: true,
    });
  }
}
