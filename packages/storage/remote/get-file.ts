/**
 * A file's way in: by ranges of one size, the next of which is asked for while the caller has the one before it. A reader
 * who takes his time holds no connection open, and what a lost connection had brought of a range is kept.
 */
import { checkWhole, PassedBytes } from "../passed-bytes.ts";
import type { GetOptions } from "../storage.ts";
import { StorageError } from "../storage-error.ts";
import type { StorageLimits } from "../storage-limits.ts";
import type { Attempt, Attempts } from "./attempts.ts";
import type { RemoteFile, RemoteFiles } from "./remote-files.ts";

export interface GetPlace {
  files: RemoteFiles;
  attempts: Attempts;
  limits: StorageLimits;
}

/** What a connection has to bring before its loss is not counted: one that is lost again and again still gets there. */
const advanceBytes = 1024 * 1024;

export async function* getFile(place: GetPlace, name: string, options: GetOptions): AsyncIterable<Uint8Array> {
  const { offset = 0, length = Number.POSITIVE_INFINITY } = options;
  const left = new AbortController();
  const passOn = () => left.abort(options.signal?.reason);
  options.signal?.addEventListener("abort", passOn, { once: true });
  if (options.signal?.aborted) passOn();
  try {
    const file = await findFile(place, name, left.signal);
    const end = Math.min(file.bytes, offset + length);
    const passed = new PassedBytes();
    const isWhole = offset === 0 && length === Number.POSITIVE_INFINITY;
    for await (const chunk of readRanges(place, { name, file, offset, end }, left.signal)) {
      if (isWhole) passed.add(chunk);
      yield chunk;
    }
    if (isWhole) checkWhole(passed, { name, ...file });
  } finally {
    left.abort();
    options.signal?.removeEventListener("abort", passOn);
  }
}

async function findFile(place: GetPlace, name: string, signal: AbortSignal): Promise<RemoteFile> {
  const about = { file: name };
  const file = await place.attempts.run({ about, signal }, (attempt) => place.files.find(name, attempt.signal));
  if (file === null) throw new StorageError("NotFound", about);
  return file;
}

interface FileRange {
  name: string;
  file: RemoteFile;
  offset: number;
  end: number;
}

async function* readRanges(place: GetPlace, all: FileRange, signal: AbortSignal): AsyncIterable<Uint8Array> {
  const start = (offset: number) => {
    const end = Math.min(all.end, offset + place.limits.partBytes);
    const chunks = offset < end ? readRange(place, { ...all, offset, end }, signal) : undefined;
    // Its failure is thrown where its turn comes.
    chunks?.catch(() => {});
    return { chunks, end };
  };
  let coming = start(all.offset);
  while (coming.chunks !== undefined) {
    const chunks = await coming.chunks;
    coming = start(coming.end);
    for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
      yield chunk;
      signal.throwIfAborted();
    }
  }
}

async function readRange(place: GetPlace, range: FileRange, signal: AbortSignal): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  let reached = range.offset;
  const take = (chunk: Uint8Array, attempt: Attempt) => {
    // A connection that was given up may still have had something.
    attempt.signal.throwIfAborted();
    attempt.alive();
    chunks.push(chunk);
    reached += chunk.byteLength;
  };
  await place.attempts.run({ about: { file: range.name, offset: range.offset }, signal }, async (attempt) => {
    const begun = reached;
    const part = { offset: reached, length: range.end - reached, etag: range.file.etag };
    const about = { file: range.name, offset: reached };
    for await (const chunk of await place.files.read(range.name, part, attempt.signal)) {
      if (reached + chunk.byteLength > range.end)
        throw new StorageError("Unavailable", { ...about, detail: "more came than was asked for" });
      take(chunk, attempt);
      if (reached - begun >= advanceBytes) attempt.advanced();
    }
    if (reached < range.end) throw new StorageError("Unavailable", { ...about, detail: "the answer ended early" });
  });
  return chunks;
}
