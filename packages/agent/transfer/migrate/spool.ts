/**
 * Bytes on their way, first in, first out: what a source sends is taken at once, however slowly it is used. A source keeps what its
 * replica does not take in its own memory, and cuts the replica off when that is too much.
 *
 * A little is kept in memory, and beyond it bytes go to a file that has no name any more: whatever ends the agent, nothing
 * stays. The file shrinks to nothing each time that it has been read to its end. Past `fileBytesMax` the spool is full, and
 * whoever fills it has to wait.
 */
import { type FileHandle, open, unlink } from "node:fs/promises";

export interface SpoolLimits {
  memoryBytesMax: number;
  fileBytesMax: number;
}

/** What one read or write of the file moves. */
const pieceBytes = 512 * 1024;

export class Spool {
  /** Something changed that whoever fills it may wait for. */
  onRoom: () => void = () => {};
  readonly #path: string;
  readonly #limits: SpoolLimits;
  /** Before the file's bytes in order. */
  #head: Buffer[] = [];
  #headBytes = 0;
  /** Behind the file's bytes in order, to be written to it. */
  #tail: Buffer[] = [];
  #tailBytes = 0;
  #file: FileHandle | null = null;
  #readAt = 0;
  #writtenTo = 0;
  #isWriting = false;
  #hasEnded = false;
  #failure: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(path: string, limits: SpoolLimits) {
    this.#path = path;
    this.#limits = limits;
  }

  /** Bytes that were pushed and not taken. */
  get waitingBytes(): number {
    return this.#headBytes + this.#tailBytes + this.#writtenTo - this.#readAt;
  }

  /** More than what is being read should not come now. What was pushed is kept all the same. */
  get isFull(): boolean {
    return this.#tailBytes > this.#limits.memoryBytesMax || this.#writtenTo > this.#limits.fileBytesMax;
  }

  /** The bytes become the spool's. */
  push(bytes: Buffer): void {
    // While a piece is being written it is neither in the tail nor in the file.
    const usesFile = this.#isWriting || this.#writtenTo > 0 || this.#tail.length > 0;
    if (!usesFile && this.#headBytes < this.#limits.memoryBytesMax) {
      this.#head.push(bytes);
      this.#headBytes += bytes.length;
    } else {
      this.#tail.push(bytes);
      this.#tailBytes += bytes.length;
      void this.#write();
    }
    this.#notify();
  }

  /** No more comes. What is there can still be taken. */
  end(): void {
    this.#hasEnded = true;
    this.#notify();
  }

  /** The next bytes, or null at the end. Rejects when the file could not be written or read, or with the signal's reason. */
  async take(signal: AbortSignal): Promise<Buffer | null> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#failure !== null) throw this.#failure;
      const found = this.takeNow();
      if (found !== null) return found;
      if (this.#readAt < this.#writtenTo && this.#file !== null) return this.#read(this.#file);
      if (this.#hasEnded && this.waitingBytes === 0) return null;
      await this.#change(signal);
    }
  }

  /** What can be had without waiting. */
  takeNow(): Buffer | null {
    const bytes = this.#head.shift();
    if (bytes === undefined) return null;
    this.#headBytes -= bytes.length;
    return bytes;
  }

  async close(): Promise<void> {
    this.#failure ??= new Error("the spool is closed");
    this.#head = [];
    this.#tail = [];
    this.#notify();
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  async #read(file: FileHandle): Promise<Buffer> {
    const length = Math.min(pieceBytes, this.#writtenTo - this.#readAt);
    const bytes = Buffer.allocUnsafe(length);
    const { bytesRead } = await file.read(bytes, 0, length, this.#readAt);
    if (bytesRead === 0) throw new Error("The file of the stream of changes is shorter than what was written to it.");
    this.#readAt += bytesRead;
    if (this.#readAt === this.#writtenTo && !this.#isWriting) await this.#empty();
    return bytes.subarray(0, bytesRead);
  }

  /** All of the file has been read: what comes after it need not go there. */
  async #empty(): Promise<void> {
    this.#isWriting = true;
    await this.#file?.truncate(0);
    this.#isWriting = false;
    this.#readAt = this.#writtenTo = 0;
    this.#head.push(...this.#tail);
    this.#headBytes += this.#tailBytes;
    this.#tail = [];
    this.#tailBytes = 0;
    this.onRoom();
  }

  async #write(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    try {
      this.#file ??= await openUnnamed(this.#path);
      while (this.#tail.length > 0 && this.#failure === null) await this.#writePiece(this.#file);
    } catch (cause) {
      const { message } = cause as Error;
      this.#failure ??= new Error(`The stream of changes cannot be kept on disk: ${message}`, { cause });
    }
    this.#isWriting = false;
    this.#notify();
  }

  async #writePiece(file: FileHandle): Promise<void> {
    let count = 0;
    for (let bytes = 0; count < this.#tail.length && bytes < pieceBytes; count++)
      bytes += (this.#tail[count] as Buffer).length;
    const piece = Buffer.concat(this.#tail.splice(0, count));
    for (let done = 0; done < piece.length; ) {
      const { bytesWritten } = await file.write(piece, done, piece.length - done, this.#writtenTo + done);
      done += bytesWritten;
    }
    this.#writtenTo += piece.length;
    this.#tailBytes -= piece.length;
    this.#notify();
    this.onRoom();
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener("abort", done);
        this.#wake = null;
        resolve();
      };
      this.#wake = done;
      signal.addEventListener("abort", done, { once: true });
    });
  }

  #notify(): void {
    this.#wake?.();
  }
}

async function openUnnamed(path: string): Promise<FileHandle> {
  const file = await open(path, "w+", 0o600);
  await unlink(path);
  return file;
}
