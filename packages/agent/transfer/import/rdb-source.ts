/**
 * One file of an import as RDB bytes: fetched from its storage, decompressed where it is compressed. What is wrong with it
 * comes as a TransferError that names the file and the offset. May be read several times, from the beginning each time.
 */
import type { StorageLocation } from "@larder/api";
import { RdbError, RdbReader } from "@larder/rdb";
import { type FilePlace, openFile, StorageError } from "@larder/storage";
import { asExpected, type ExpectedFile } from "../backup/expected-file.ts";
import { gunzipIfCompressed } from "../compression.ts";
import { EngineRefusal } from "../load/engine-writer.ts";
import type { RdbLoader } from "../load/rdb-loader.ts";
import { type OnItem, passRdb } from "../rdb-pass.ts";
import type { TransferContext } from "../transfer.ts";
import { TransferError } from "../transfer-error.ts";

export class RdbSource {
  readonly #place: FilePlace;
  readonly #signal: AbortSignal;
  readonly #expected: ExpectedFile | null;
  #reader = new RdbReader();

  private constructor(place: FilePlace, signal: AbortSignal, expected: ExpectedFile | null) {
    this.#place = place;
    this.#signal = signal;
    this.#expected = expected;
  }

  /** `expected`: what has to be in the file; null where nobody knows. */
  static open(location: StorageLocation, context: TransferContext, expected: ExpectedFile | null = null): RdbSource {
    return new RdbSource(openFile(location, context), context.signal, expected);
  }

  get name(): string {
    return this.#place.name;
  }

  /** How far it is read, of the RDB. */
  get offset(): number {
    return this.#reader.offset;
  }

  /** As it lies in its storage. Throws StorageError. */
  async bytes(): Promise<number> {
    const found = await this.#place.storage.stat(this.name, { signal: this.#signal });
    if (found === null) throw new StorageError("NotFound", { file: this.name });
    return found.bytes;
  }

  /** Every item of the file, in order. Resolves at its end, with the checksum right. */
  async read(onItem: OnItem, onBytes: (bytes: number) => void): Promise<void> {
    for await (const _ of this.checked(onItem, onBytes));
  }

  /** The same, into an engine. Resolves when that has taken everything. */
  async loadWith(loader: RdbLoader, onBytes: (bytes: number) => void): Promise<void> {
    await this.read((item) => loader.take(item), onBytes);
    try {
      await loader.end();
    } catch (error) {
      throw this.#named(error);
    }
  }

  /**
   * The file's bytes, each piece only when its items were read and taken, and the last only when the checksum is right.
   */
  async *checked(onItem: OnItem, onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array, void, void> {
    this.#reader = new RdbReader();
    try {
      yield* passRdb(this.#chunks(onBytes), onItem, this.#reader);
    } catch (error) {
      throw this.#named(error);
    }
  }

  close(): void {
    this.#place.storage.close();
  }

  #chunks(onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array, void, void> {
    return gunzipIfCompressed(this.#fetched(onBytes), this.name);
  }

  async *#fetched(onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array, void, void> {
    const stored = this.#place.storage.get(this.name, { signal: this.#signal });
    for await (const chunk of this.#expected === null ? stored : asExpected(stored, this.name, this.#expected)) {
      onBytes(chunk.length);
      yield chunk;
    }
  }

  #named(error: unknown): unknown {
    if (error instanceof RdbError)
      return new TransferError("BadFile", `File '${this.name}': ${error.message}.`, { cause: error });
    if (error instanceof EngineRefusal) return this.#refused(error);
    return error;
  }

  #refused({ reply, offset }: EngineRefusal): TransferError {
    const where = `File '${this.name}', at offset ${offset}`;
    if (reply.startsWith("OOM")) return new TransferError("OutOfMemory", `${where}: the node's memory is full.`);
    if (reply.startsWith("READONLY"))
      return new TransferError("Conflict", `${where}: the node is not the primary any more.`, { isRetryable: true });
    return new TransferError("BadFile", `${where}: the engine refuses what is there: ${reply}.`);
  }
}
