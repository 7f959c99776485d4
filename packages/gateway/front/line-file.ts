/**
 * A file of lines that grows beside the work: `write` only keeps the line, and what was kept goes out in one piece a few
 * times a second, so that a storm of them does not hold up the event loop. What waits is bounded: past the bound lines
 * are dropped. A full file becomes `name.1`, that one `name.2`, and so on; the oldest goes. Mode 0600.
 *
 * Lines that are not yet out are lost with the process.
 */
import { type FileHandle, open, rename } from "node:fs/promises";
import type { Log } from "@larder/service";

export interface LineFileOptions {
  path: string;
  waitingBytesMax: number;
  fileBytesMax: number;
  filesKept: number;
  onDropped(): void;
  onFailed(): void;
  log: Log;
}

const writeEveryMs = 200;

export class LineFile {
  readonly #options: LineFileOptions;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #file: FileHandle | null = null;
  #fileBytes = 0;
  #timer: Timer | null = null;
  #writing: Promise<void> = Promise.resolve();
  #isFailing = false;

  constructor(options: LineFileOptions) {
    this.#options = options;
  }

  /** `line` has no end of line. */
  write(line: string): void {
    const bytes = Buffer.byteLength(line) + 1;
    if (this.#waitingBytes + bytes > this.#options.waitingBytesMax) return this.#options.onDropped();
    this.#waiting.push(line);
    this.#waitingBytes += bytes;
    this.#timer ??= setTimeout(() => this.#writeSoon(), writeEveryMs);
  }

  /** Resolves when all is out. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#writeSoon();
    await this.#writing;
    await this.#file?.close();
    this.#file = null;
  }

  #writeSoon(): void {
    this.#timer = null;
    this.#writing = this.#writing.then(() => this.#writeWaiting());
  }

  async #writeWaiting(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const bytes = Buffer.from(`${this.#waiting.join("\n")}\n`);
    this.#waiting = [];
    this.#waitingBytes = 0;
    try {
      await this.#append(bytes);
      this.#isFailing = false;
    } catch (error) {
      await this.#onFailed(error);
    }
  }

  async #append(bytes: Buffer): Promise<void> {
    this.#file ??= await this.#open();
    const isFull = this.#fileBytes > 0 && this.#fileBytes + bytes.length > this.#options.fileBytesMax;
    const file = isFull ? await this.#rotate(this.#file) : this.#file;
    await file.appendFile(bytes);
    this.#fileBytes += bytes.length;
  }

  async #open(): Promise<FileHandle> {
    const file = await open(this.#options.path, "a", 0o600);
    this.#fileBytes = (await file.stat()).size;
    return file;
  }

  async #rotate(full: FileHandle): Promise<FileHandle> {
    const { path, filesKept } = this.#options;
    this.#file = null;
    await full.close();
    for (let number = filesKept - 1; number >= 1; number--)
      await renameIfThere(`${path}.${number}`, `${path}.${number + 1}`);
    await renameIfThere(path, `${path}.1`);
    this.#file = await this.#open();
    return this.#file;
  }

  /** A full disk must not stop the gateway; the next lines try again, with the file opened anew. */
  async #onFailed(error: unknown): Promise<void> {
    const { onFailed, log, path } = this.#options;
    onFailed();
    if (!this.#isFailing) log.error({ err: error, path }, "lines cannot be written");
    this.#isFailing = true;
    await this.#file?.close().catch(() => {});
    this.#file = null;
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
