/**
 * Where files of cache data live: snapshots that were copied out, parts of append-only files, exports, imports, backups.
 * A directory, a container of Azure Blob Storage, or a bucket of a server that speaks S3.
 *
 * It is not a file system: there are no folders, no appending, no renaming, and a name's slashes mean nothing but to
 * those who list by prefix. It knows nothing of what is in a file.
 *
 * Invariants, the same for each implementation (storage-contract.ts holds them):
 * - A file is whole or not there. Whoever looks while it is put sees the one before it, or none. A put that fails, is
 *   aborted, or whose source fails leaves the one before it, or none.
 * - A get gives bytes of one version. Where another takes the file's place meanwhile it fails with `Changed`.
 * - Memory is bounded whatever the file's size (storage-limits.ts), and a slow reader or a slow storage holds up the
 *   other end.
 * - A lost connection, a 503 and a storage that hangs are tried again, a bounded number of times, from the offset
 *   reached. What a caller gets is final.
 * - No error and no description has a key or a signature in it.
 *
 * Two who put one name at one time: the last to end wins, or the other fails with `Changed`; never a mixture.
 */

export interface StoredFile {
  name: string;
  bytes: number;
  modifiedAtMs: number;
  /** In hexadecimal, of what was put. null where it is not known: who put the file was not Larder, or it is a listing. */
  sha256: string | null;
}

export interface CallOptions {
  /** Ends the call, which then throws the signal's reason. */
  signal?: AbortSignal;
}

export interface TransferOptions extends CallOptions {
  /** How many bytes of the file have been written or read by now. Only rises; called at most once for each part or chunk. */
  onProgress?: (bytes: number) => void;
}

export interface GetOptions extends TransferOptions {
  /** Where to begin. Past the end of the file there is nothing, and no error. */
  offset?: number;
  /** How much at most; else up to the end. */
  length?: number;
}

export interface Storage {
  /** Where it is, for logs and errors: no secrets. */
  readonly description: string;

  /**
   * Stores all that `source` gives under the name, in place of what was there. Takes chunks of any size and is done with
   * each when it asks for the next. An error of the source is thrown as it is. The source is closed in any case.
   */
  put(name: string, source: AsyncIterable<Uint8Array>, options?: TransferOptions): Promise<StoredFile>;

  /**
   * The file's bytes, in chunks that are the caller's own. Who reads all of it (offset 0, no length) learns with
   * `ChecksumMismatch`, after the last chunk, that it is not what was put: nothing may be acted on before the end.
   * NotFound comes with the first chunk. To stop early, leave the loop.
   */
  get(name: string, options?: GetOptions): AsyncIterable<Uint8Array>;

  /** null where there is no such file. */
  stat(name: string, options?: CallOptions): Promise<StoredFile | null>;

  /**
   * Files whose names begin with the prefix (any text, also in the middle of a word), sorted by the bytes of their names.
   * Files that come or go meanwhile may be in it or not.
   */
  list(prefix: string, options?: CallOptions): AsyncIterable<StoredFile>;

  /** No error where there is no such file. */
  remove(name: string, options?: CallOptions): Promise<void>;

  /** Closes idle connections. Calls that run are not ended: abort them first. */
  close(): void;
}
