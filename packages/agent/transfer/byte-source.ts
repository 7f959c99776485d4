/**
 * What comes on a socket, taken when it is wanted: while nobody asks, the other end is held up. One asks at a time.
 *
 * The time limit counts only while somebody waits: whoever is slow himself loses nothing by it.
 */
import type { Socket } from "node:net";
import { TransferError } from "./transfer-error.ts";

export interface ByteSourceOptions {
  /** How the other end is called in errors: "the engine", "10.0.0.4:6379". */
  name: string;
  /** Nothing at all for so long, while it is waited for, counts as lost. */
  silentMs: number;
}

/** The longest line that is taken. */
const lineBytesMax = 64 * 1024;
const newline = 10;

export class ByteSource {
  readonly #socket: Socket;
  readonly #options: ByteSourceOptions;
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Uint8Array | null = null;
  #isSilent = false;

  constructor(socket: Socket, options: ByteSourceOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    socket.on("timeout", () => {
      this.#isSilent = true;
      socket.destroy(new Error("silent"));
    });
  }

  /** The next bytes, at least one; null at the end. Throws SourceLost. */
  async next(): Promise<Uint8Array | null> {
    const rest = this.#rest;
    this.#rest = null;
    if (rest !== null) return rest;
    this.#socket.setTimeout(this.#options.silentMs);
    try {
      const { done, value } = await this.#chunks.next();
      return done === true ? null : value;
    } catch (cause) {
      const { name, silentMs } = this.#options;
      const what = this.#isSilent ? `said nothing for ${silentMs / 1_000} s` : "closed the connection";
      throw new TransferError("SourceLost", `${name} ${what}.`, { isRetryable: true, cause });
    } finally {
      this.#socket.setTimeout(0);
    }
  }

  /** Gives bytes back: they come next. */
  unread(bytes: Uint8Array): void {
    if (this.#rest !== null) throw new Error("bytes are given back twice");
    if (bytes.length > 0) this.#rest = bytes;
  }

  /** A line without its end. Empty lines, which say that somebody is alive, are left out. Throws SourceLost. */
  async readLine(): Promise<string> {
    let line: Uint8Array = new Uint8Array(0);
    for (;;) {
      const chunk = await this.next();
      if (chunk === null)
        throw new TransferError("SourceLost", `${this.#options.name} closed the connection.`, { isRetryable: true });
      line = line.length === 0 ? chunk : Buffer.concat([line, chunk]);
      let start = 0;
      while (line[start] === newline) start++;
      line = line.subarray(start);
      const end = line.indexOf(newline);
      if (end < 0 && line.length <= lineBytesMax) continue;
      if (end < 0) throw new TransferError("SourceLost", `${this.#options.name} says what is no answer.`);
      this.unread(line.subarray(end + 1));
      return Buffer.from(line.subarray(0, end)).toString("latin1").replace(/\r$/, "");
    }
  }
}
