/**
 * Messages of one channel that came one after the other, for the same clients: one write for each client. As an engine
 * sends them to a RESP3 client they are pushes; for RESP2 they differ in the first byte alone. Each encoding is made once
 * and is the same memory for all clients.
 */
import type { Protocol } from "@larder/resp";

const STAR = 42;
const PUSH = 62;

export class MessageRun {
  byteCount = 0;
  readonly #pieces: { bytes: Buffer; start: number; end: number }[] = [];
  /** Where messages begin. */
  readonly #starts: number[] = [];
  #resp2: Buffer | null = null;
  #resp3: Buffer | null = null;

  /** Adds one whole message, bytes [start, end), as it came. Not after the first use of `bytesFor`. */
  append(bytes: Buffer, start: number, end: number): void {
    this.#starts.push(this.byteCount);
    this.byteCount += end - start;
    const last = this.#pieces.at(-1);
    if (last?.bytes === bytes && last.end === start) last.end = end;
    else this.#pieces.push({ bytes, start, end });
  }

  bytesFor(protocol: Protocol): Buffer {
    if (protocol === 3) {
      this.#resp3 ??= this.#encode(PUSH);
      return this.#resp3;
    }
    this.#resp2 ??= this.#encode(STAR);
    return this.#resp2;
  }

  #encode(type: number): Buffer {
    const encoded = Buffer.concat(this.#pieces.map(({ bytes, start, end }) => bytes.subarray(start, end)));
    for (const start of this.#starts) encoded[start] = type;
    return encoded;
  }
}
