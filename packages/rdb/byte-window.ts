/**
 * The bytes of a file that came and are still needed: one buffer, whose start moves on as bytes are read and whose end
 * as they come. It grows by what has come, never by what a file promises, and becomes small again behind something
 * large. What was read is summed once, before it goes.
 */
import { Crc64 } from "./crc64.ts";
import { RdbError, type RdbErrorCode } from "./rdb-error.ts";

/** The buffer is at least so long. */
const bytesMin = 1 << 14;
/** And so long it may stay when it is far longer than what is needed. */
const spareBytesMax = 1 << 20;

export class ByteWindow {
  bytes = new Uint8Array(0);
  /** From here on bytes are kept. */
  start = 0;
  /** Up to here they are read. */
  position = 0;
  /** Up to here they have come. */
  end = 0;
  /** The file's offset of the first byte of `bytes`. */
  base = 0;
  /** No more will come. */
  isEnded = false;
  readonly #crc = new Crc64();
  #summed = 0;

  push(chunk: Uint8Array): void {
    this.#sum();
    const isMostlyRead = 2 * (this.end - this.start) <= this.start;
    if (isMostlyRead || this.end + chunk.length > this.bytes.length) this.#makeRoom(chunk.length);
    this.bytes.set(chunk, this.end);
    this.end += chunk.length;
  }

  /** What was read so far is not needed any more. */
  release(): void {
    this.start = this.position;
  }

  /** What a reader gives that needs more bytes; an error where no more will come. */
  wantMore(within: string): null {
    if (!this.isEnded) return null;
    throw new RdbError("truncated", this.base + this.end, `The bytes end within ${within},`);
  }

  /** At the position. */
  error(code: RdbErrorCode, what: string): RdbError {
    return new RdbError(code, this.base + this.position, what);
  }

  /** Of all that was read. */
  checksum(): Crc64 {
    this.#sum();
    return this.#crc;
  }

  #sum(): void {
    this.#crc.update(this.bytes, this.#summed, this.position);
    this.#summed = this.position;
  }

  #makeRoom(incoming: number): void {
    const shift = this.start;
    const needed = this.end - shift + incoming;
    const isMuchTooLong = this.bytes.length > Math.max(spareBytesMax, 4 * needed);
    if (needed > this.bytes.length || isMuchTooLong) {
      const other = new Uint8Array(Math.max(bytesMin, needed + (needed >>> 1)));
      other.set(this.bytes.subarray(shift, this.end));
      this.bytes = other;
    } else {
      this.bytes.copyWithin(0, shift, this.end);
    }
    this.start = 0;
    this.position -= shift;
    this.end -= shift;
    this.#summed -= shift;
    this.base += shift;
  }
}
