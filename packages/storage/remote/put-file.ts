/** A file's way out: in one request where it fits into a part, else by parts, a few at a time, which one last request makes a file. */
import type { PassedBytes } from "../passed-bytes.ts";
import { SourceChunks } from "../source-chunks.ts";
import type { TransferOptions } from "../storage.ts";
import { StorageError } from "../storage-error.ts";
import { partsMax, type StorageLimits } from "../storage-limits.ts";
import type { Attempts } from "./attempts.ts";
import { type FilePart, PartReader } from "./part-reader.ts";
import type { RemoteFiles, RemoteUpload } from "./remote-files.ts";

export interface PutPlace {
  files: RemoteFiles;
  attempts: Attempts;
  limits: StorageLimits;
}

/** What a caller who has given up waits for at most, so that nothing stays behind. */
const cleanupAttemptsMax = 2;

/** Returns what passed. `id` tells this put from all others. */
export async function putFile(
  place: PutPlace,
  file: { name: string; id: string; source: AsyncIterable<Uint8Array> },
  options: TransferOptions,
): Promise<{ bytes: number; sha256: string }> {
  const failed = new AbortController();
  const passOn = () => failed.abort(options.signal?.reason);
  options.signal?.addEventListener("abort", passOn, { once: true });
  if (options.signal?.aborted) passOn();
  const chunks = new SourceChunks(file.source, failed.signal);
  try {
    const put = new FilePut(place, file, { failed, onProgress: options.onProgress });
    return await put.run(new PartReader(chunks, place.limits));
  } finally {
    chunks.close();
    options.signal?.removeEventListener("abort", passOn);
  }
}

class FilePut {
  readonly #place: PutPlace;
  readonly #name: string;
  readonly #id: string;
  /** Aborted by the caller and by the first part that cannot be sent: it ends the source's reading and all other parts. */
  readonly #failed: AbortController;
  readonly #onProgress: TransferOptions["onProgress"];
  readonly #sending = new Set<Promise<void>>();
  #sentBytes = 0;

  constructor(
    place: PutPlace,
    file: { name: string; id: string },
    run: { failed: AbortController; onProgress: TransferOptions["onProgress"] },
  ) {
    this.#place = place;
    this.#name = file.name;
    this.#id = file.id;
    this.#failed = run.failed;
    this.#onProgress = run.onProgress;
  }

  async run(parts: PartReader): Promise<{ bytes: number; sha256: string }> {
    const first = await parts.next();
    if (!first.isLast) return this.#putByParts(parts, first);
    const whole = digest(parts.passed);
    await this.#request(0, (signal) =>
      this.#place.files.write(this.#name, { body: first.body, sha256: whole.sha256 }, signal),
    );
    if (whole.bytes > 0) this.#onProgress?.(whole.bytes);
    return whole;
  }

  async #putByParts(parts: PartReader, first: FilePart): Promise<{ bytes: number; sha256: string }> {
    const { files } = this.#place;
    const upload = await this.#request(0, (signal) => files.begin(this.#name, this.#id, signal));
    try {
      const count = await this.#sendAll(upload, parts, first);
      const whole = digest(parts.passed);
      const end = { parts: count, sha256: whole.sha256 };
      await this.#request(whole.bytes, (signal) => upload.complete(end, signal));
      return whole;
    } catch (error) {
      this.#failed.abort(error);
      await Promise.allSettled(this.#sending);
      await this.#forget(upload);
      throw error;
    }
  }

  async #sendAll(upload: RemoteUpload, parts: PartReader, first: FilePart): Promise<number> {
    let part = first;
    for (;;) {
      this.#send(upload, parts, part);
      if (part.isLast) break;
      while (this.#sending.size >= this.#place.limits.partsInFlightMax) await Promise.race(this.#sending);
      part = await parts.next();
      if (part.index >= partsMax) throw this.#tooLarge(part.offset);
    }
    await Promise.all(this.#sending);
    this.#failed.signal.throwIfAborted();
    return part.index + 1;
  }

  #send(upload: RemoteUpload, parts: PartReader, part: FilePart): void {
    let attempts = 0;
    const sending = this.#request(part.offset, (signal) => {
      attempts++;
      return upload.writePart(part.index, part.body, signal);
    }).then(
      () => {
        this.#sending.delete(sending);
        // A request that was given up may still read its buffer.
        if (attempts === 1) parts.reuse(part);
        this.#sentBytes += part.body.byteLength;
        this.#onProgress?.(this.#sentBytes);
      },
      (error) => {
        this.#sending.delete(sending);
        this.#failed.abort(error);
      },
    );
    this.#sending.add(sending);
  }

  #request<T>(offset: number, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { attempts, limits } = this.#place;
    const about = { file: this.#name, offset };
    return attempts.run({ about, signal: this.#failed.signal, timeoutMs: limits.partTimeoutMs }, ({ signal }) =>
      call(signal),
    );
  }

  /** The put has failed already, and says why: what this cannot remove, the storage's own rules have to. */
  async #forget(upload: RemoteUpload): Promise<void> {
    const options = { about: { file: this.#name }, signal: undefined, attemptsMax: cleanupAttemptsMax };
    await this.#place.attempts.run(options, ({ signal }) => upload.abort(signal)).catch(() => {});
  }

  #tooLarge(offset: number): StorageError {
    return new StorageError("TooLarge", { file: this.#name, offset, detail: `it has more than ${partsMax} parts` });
  }
}

function digest(passed: PassedBytes): { bytes: number; sha256: string } {
  return { bytes: passed.bytes, sha256: passed.sha256() };
}
