/** A source's bytes in parts, each in a buffer that is used again: a transfer of any size lives in a few of them. */
import { PassedBytes } from "../passed-bytes.ts";
import type { SourceChunks } from "../source-chunks.ts";
import { partBytesAt, type StorageLimits } from "../storage-limits.ts";

export interface FilePart {
  index: number;
  /** Of its first byte in the file. */
  offset: number;
  body: Uint8Array;
  isLast: boolean;
}

export class PartReader {
  /** Of all parts that were read. */
  readonly passed = new PassedBytes();
  readonly #chunks: SourceChunks;
  readonly #limits: StorageLimits;
  readonly #free: Uint8Array[] = [];
  /** What was read of the source and has no part yet; undefined at the source's end. */
  #rest: Uint8Array | undefined = new Uint8Array(0);
  #index = 0;

  constructor(chunks: SourceChunks, limits: StorageLimits) {
    this.#chunks = chunks;
    this.#limits = limits;
  }

  /** Full, but for the last one, which may be empty if it is the only one. */
  async next(): Promise<FilePart> {
    const buffer = this.#buffer(partBytesAt(this.#index, this.#limits));
    const offset = this.passed.bytes;
    let filled = 0;
    while (filled < buffer.byteLength && (await this.#hasMore())) filled += this.#take(buffer.subarray(filled));
    const body = buffer.subarray(0, filled);
    this.passed.add(body);
    return { index: this.#index++, offset, body, isLast: !(await this.#hasMore()) };
  }

  /** Only for a part that nobody can still be sending. */
  reuse(part: FilePart): void {
    this.#free.push(new Uint8Array(part.body.buffer));
  }

  #buffer(bytes: number): Uint8Array {
    const used = this.#free.pop();
    return used?.byteLength === bytes ? used : Buffer.allocUnsafeSlow(bytes);
  }

  async #hasMore(): Promise<boolean> {
    while (this.#rest?.byteLength === 0) this.#rest = await this.#chunks.next();
    return this.#rest !== undefined;
  }

  #take(into: Uint8Array): number {
    const rest = this.#rest ?? new Uint8Array(0);
    const bytes = Math.min(into.byteLength, rest.byteLength);
    into.set(rest.subarray(0, bytes));
    this.#rest = rest.subarray(bytes);
    return bytes;
  }
}
