/** Storage that is reached over a network: what Azure and S3 have in common, over the requests that each has of its own. */
import type { Clock, Randomness } from "@larder/service";
import { checkFileName } from "../file-name.ts";
import type { CallOptions, GetOptions, Storage, StoredFile, TransferOptions } from "../storage.ts";
import type { StorageLimits } from "../storage-limits.ts";
import { Attempts } from "./attempts.ts";
import { getFile } from "./get-file.ts";
import { putFile } from "./put-file.ts";
import type { RemoteFiles } from "./remote-files.ts";

export interface RemoteStorageOptions {
  description: string;
  files: RemoteFiles;
  limits: StorageLimits;
  clock: Clock;
  randomness: Randomness;
}

export class RemoteStorage implements Storage {
  readonly description: string;
  readonly #files: RemoteFiles;
  readonly #clock: Clock;
  readonly #randomness: Randomness;
  readonly #place: { files: RemoteFiles; attempts: Attempts; limits: StorageLimits };

  constructor(options: RemoteStorageOptions) {
    const { description, files, limits, clock, randomness } = options;
    this.description = description;
    this.#files = files;
    this.#clock = clock;
    this.#randomness = randomness;
    this.#place = { files, attempts: new Attempts(limits, clock, randomness), limits };
  }

  async put(name: string, source: AsyncIterable<Uint8Array>, options: TransferOptions = {}): Promise<StoredFile> {
    try {
      checkFileName(name);
    } catch (error) {
      void source[Symbol.asyncIterator]()
        .return?.()
        .then(undefined, () => {});
      throw error;
    }
    const id = this.#randomness.uuid();
    const { bytes, sha256 } = await putFile(this.#place, { name, id, source }, options);
    return { name, bytes, modifiedAtMs: this.#clock.nowMs(), sha256 };
  }

  async *get(name: string, options: GetOptions = {}): AsyncIterable<Uint8Array> {
    checkFileName(name);
    let bytes = 0;
    for await (const chunk of getFile(this.#place, name, options)) {
      bytes += chunk.byteLength;
      options.onProgress?.(bytes);
      yield chunk;
    }
  }

  async stat(name: string, options: CallOptions = {}): Promise<StoredFile | null> {
    checkFileName(name);
    const found = await this.#run(name, options, (signal) => this.#files.find(name, signal));
    if (found === null) return null;
    const { bytes, modifiedAtMs, sha256 } = found;
    return { name, bytes, modifiedAtMs, sha256 };
  }

  async *list(prefix: string, options: CallOptions = {}): AsyncIterable<StoredFile> {
    for (let next: string | undefined, isFirst = true; isFirst || next !== undefined; isFirst = false) {
      const from = next;
      const page = await this.#run(undefined, options, (signal) => this.#files.list(prefix, from, signal));
      yield* page.files;
      next = page.next;
    }
  }

  async remove(name: string, options: CallOptions = {}): Promise<void> {
    checkFileName(name);
    await this.#run(name, options, (signal) => this.#files.remove(name, signal));
  }

  close(): void {
    this.#files.close();
  }

  #run<T>(file: string | undefined, options: CallOptions, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const about = file === undefined ? {} : { file };
    return this.#place.attempts.run({ about, signal: options.signal }, ({ signal }) => call(signal));
  }
}
