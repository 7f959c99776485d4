/**
 * What a remote storage's protocol has to offer, one request a call, for RemoteStorage to make whole transfers of. Each call
 * throws a StorageError, or the signal's reason; none tries again by itself.
 */
import type { StoredFile } from "../storage.ts";

export interface RemoteFile {
  bytes: number;
  modifiedAtMs: number;
  sha256: string | null;
  /** The version, for later calls to be about the same. */
  etag: string;
}

export interface FilePage {
  files: StoredFile[];
  /** For the next page; undefined on the last. */
  next: string | undefined;
}

export interface RemoteFiles {
  find(name: string, signal: AbortSignal): Promise<RemoteFile | null>;
  /** Throws Changed where the file has another version. May end early. */
  read(
    name: string,
    part: { offset: number; length: number; etag: string },
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>>;
  /** In one request. The body is the caller's again when it settles. */
  write(name: string, file: { body: Uint8Array; sha256: string }, signal: AbortSignal): Promise<void>;
  /** `id` tells this upload from all others. */
  begin(name: string, id: string, signal: AbortSignal): Promise<RemoteUpload>;
  list(prefix: string, from: string | undefined, signal: AbortSignal): Promise<FilePage>;
  remove(name: string, signal: AbortSignal): Promise<void>;
  close(): void;
}

/** A file in parts, which nobody sees before it is complete. */
export interface RemoteUpload {
  /** Parts may come in any order, and again. */
  writePart(index: number, body: Uint8Array, signal: AbortSignal): Promise<void>;
  /** May be called again where its outcome is not known. */
  complete(file: { parts: number; sha256: string }, signal: AbortSignal): Promise<void>;
  /** Forgets the parts, as far as the storage can. */
  abort(signal: AbortSignal): Promise<void>;
}
