/**
 * Storage in a directory of this machine, or of a file server that is mounted there.
 *
 * A file is written beside its place under a name that begins with a dot, synced, and renamed. Its SHA-256 is in NAME.sha256, as
 * `sha256sum -c` reads it. A file without one is read without being checked: so it never fails for a checksum of another
 * version, the old one goes before the file and the new one comes after it. A crash can so leave a file that is whole and
 * has no checksum, and a dot file; the next put into the folder removes those that nobody wrote to for a day.
 */
import type { Dirent } from "node:fs";
import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir, readFile, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Clock, Randomness } from "@larder/service";
import { checkFileName, checksumSuffix, isFileName } from "../file-name.ts";
import { checksumLine, checkWhole, PassedBytes, parseChecksumLine } from "../passed-bytes.ts";
import { SourceChunks } from "../source-chunks.ts";
import type { CallOptions, GetOptions, Storage, StoredFile, TransferOptions } from "../storage.ts";
import { StorageError } from "../storage-error.ts";
import { findFolder, makeFolder, syncFolder } from "./allowed-folder.ts";
import { fileCall, unlessAbsent } from "./file-errors.ts";

/** One read. */
const chunkBytes = 256 * 1024;
/** The disk gets to write while the file still comes in, not all of it at the end. */
const bytesBetweenSyncs = 64 * 1024 * 1024;
const leftoverAgeMs = 24 * 3_600_000;
const unfinished = /^\..*\.part$/;

export class DirectoryStorage implements Storage {
  readonly description: string;
  readonly #directory: string;
  readonly #roots: readonly string[];
  readonly #clock: Clock;
  readonly #randomness: Randomness;

  /** `directory` need not exist. */
  constructor(options: { directory: string; roots: readonly string[]; clock: Clock; randomness: Randomness }) {
    this.description = options.directory;
    this.#directory = options.directory;
    this.#roots = options.roots;
    this.#clock = options.clock;
    this.#randomness = options.randomness;
  }

  async put(name: string, source: AsyncIterable<Uint8Array>, options: TransferOptions = {}): Promise<StoredFile> {
    const chunks = new SourceChunks(source, options.signal);
    try {
      checkFileName(name);
      const folder = await fileCall({ file: name }, () => makeFolder(this.#folderOf(name), this.#roots));
      await fileCall({ file: name }, () => this.#removeLeftovers(folder));
      const temporary = join(folder, `.${basename(name)}.${this.#randomness.bytes(8).toString("hex")}.part`);
      try {
        const passed = await writeFile(temporary, { name, chunks, options });
        const sha256 = passed.sha256();
        const offset = passed.bytes;
        return await fileCall({ file: name, offset }, () => publish(temporary, { folder, name, sha256 }));
      } finally {
        await unlessAbsent(unlink(temporary));
      }
    } finally {
      chunks.close();
    }
  }

  async *get(name: string, options: GetOptions = {}): AsyncIterable<Uint8Array> {
    const { offset = 0, length = Number.POSITIVE_INFINITY } = options;
    const isWhole = offset === 0 && length === Number.POSITIVE_INFINITY;
    options.signal?.throwIfAborted();
    const path = await this.#find(name);
    const file = await fileCall({ file: name }, () => openFile(path, name));
    try {
      const opened = await file.stat();
      const sha256 = isWhole ? await readChecksum(path) : null;
      const passed = new PassedBytes();
      for (let at = offset, end = Math.min(opened.size, offset + length); at < end; ) {
        options.signal?.throwIfAborted();
        const chunk = await readChunk(file, { name, at, bytes: Math.min(chunkBytes, end - at) });
        at += chunk.byteLength;
        if (isWhole) passed.add(chunk);
        options.onProgress?.(at - offset);
        yield chunk;
      }
      if (!isWhole) return;
      const now = await file.stat();
      if (now.size !== opened.size || now.mtimeMs !== opened.mtimeMs)
        throw new StorageError("Changed", { file: name, offset: passed.bytes });
      await checkUnlessReplaced(passed, { path, name, bytes: opened.size, inode: opened.ino, sha256 });
    } finally {
      await file.close();
    }
  }

  async stat(name: string, options: CallOptions = {}): Promise<StoredFile | null> {
    options.signal?.throwIfAborted();
    try {
      const path = await this.#find(name);
      return await fileCall({ file: name }, () => statFile(path, name));
    } catch (error) {
      if (error instanceof StorageError && error.code === "NotFound") return null;
      throw error;
    }
  }

  async *list(prefix: string, options: CallOptions = {}): AsyncIterable<StoredFile> {
    options.signal?.throwIfAborted();
    const folder = await fileCall({ file: prefix }, () => findFolder(this.#directory, this.#roots));
    if (folder !== undefined) yield* listFolder(folder, { path: "", prefix, signal: options.signal });
  }

  async remove(name: string, options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    checkFileName(name);
    await fileCall({ file: name }, async () => {
      const folder = await findFolder(this.#folderOf(name), this.#roots);
      if (folder === undefined) return;
      const path = join(folder, basename(name));
      await unlessAbsent(unlink(path));
      await unlessAbsent(unlink(path + checksumSuffix));
      await syncFolder(folder);
    });
  }

  close(): void {}

  #folderOf(name: string): string {
    return dirname(join(this.#directory, name));
  }

  async #find(name: string): Promise<string> {
    checkFileName(name);
    const folder = await fileCall({ file: name }, () => findFolder(this.#folderOf(name), this.#roots));
    if (folder === undefined) throw new StorageError("NotFound", { file: name });
    return join(folder, basename(name));
  }

  /** Of puts that a crash ended. */
  async #removeLeftovers(folder: string): Promise<void> {
    for (const entry of await readdir(folder)) {
      if (!unfinished.test(entry)) continue;
      const path = join(folder, entry);
      const found = await unlessAbsent(lstat(path));
      if (found?.isFile() && found.mtimeMs < this.#clock.nowMs() - leftoverAgeMs) await unlessAbsent(unlink(path));
    }
  }
}

async function writeFile(
  path: string,
  from: { name: string; chunks: SourceChunks; options: TransferOptions },
): Promise<PassedBytes> {
  const { name, chunks, options } = from;
  const passed = new PassedBytes();
  const call = <T>(act: () => Promise<T>) => fileCall({ file: name, offset: passed.bytes }, act);
  const file = await call(() => open(path, "wx", 0o600));
  try {
    let synced = 0;
    for (let chunk = await chunks.next(); chunk !== undefined; chunk = await chunks.next()) {
      const bytes = chunk;
      await call(() => writeAll(file, bytes));
      passed.add(bytes);
      options.onProgress?.(passed.bytes);
      if (passed.bytes - synced < bytesBetweenSyncs) continue;
      await call(() => file.datasync());
      synced = passed.bytes;
    }
    await call(() => file.sync());
  } finally {
    await file.close();
  }
  return passed;
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) at += (await file.write(bytes, at)).bytesWritten;
}

/** From here on the file is there, with its checksum last. */
async function publish(temporary: string, file: { folder: string; name: string; sha256: string }): Promise<StoredFile> {
  const path = join(file.folder, basename(file.name));
  const checksum = `${temporary.slice(0, -".part".length)}${checksumSuffix}.part`;
  try {
    const handle = await open(checksum, "wx", 0o600);
    try {
      await handle.writeFile(checksumLine(file.sha256, file.name));
      await handle.sync();
    } finally {
      await handle.close();
    }
    if ((await unlessAbsent(unlink(path + checksumSuffix).then(() => true))) === true) await syncFolder(file.folder);
    await rename(temporary, path);
    await rename(checksum, path + checksumSuffix);
    await syncFolder(file.folder);
  } finally {
    await unlessAbsent(unlink(checksum));
  }
  return statFile(path, file.name);
}

/** Nothing but a file, and no link: whoever reads a pipe waits for ever. */
async function openFile(path: string, name: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new StorageError("NotFound", { file: name, detail: "what is there is not a file" });
}

async function statFile(path: string, name: string): Promise<StoredFile> {
  const file = await openFile(path, name);
  try {
    const { size, mtimeMs } = await file.stat();
    return { name, bytes: size, modifiedAtMs: mtimeMs, sha256: await readChecksum(path) };
  } finally {
    await file.close();
  }
}

async function readChecksum(path: string): Promise<string | null> {
  const found = await unlessAbsent(lstat(path + checksumSuffix));
  if (found === undefined || !found.isFile() || found.size > 4096) return null;
  const text = await unlessAbsent(readFile(path + checksumSuffix, "utf8"));
  return text === undefined ? null : parseChecksumLine(text);
}

async function readChunk(file: FileHandle, part: { name: string; at: number; bytes: number }): Promise<Uint8Array> {
  const about = { file: part.name, offset: part.at };
  const buffer = Buffer.allocUnsafeSlow(part.bytes);
  const { bytesRead } = await fileCall(about, () => file.read(buffer, 0, part.bytes, part.at));
  if (bytesRead === 0) throw new StorageError("Changed", { ...about, detail: "it has become shorter" });
  return buffer.subarray(0, bytesRead);
}

/** A checksum that was read a moment before another file took the place is not this file's. */
async function checkUnlessReplaced(
  passed: PassedBytes,
  file: { path: string; name: string; bytes: number; inode: number; sha256: string | null },
): Promise<void> {
  try {
    checkWhole(passed, file);
  } catch (error) {
    const now = await unlessAbsent(lstat(file.path));
    if (now?.ino !== file.inode) throw new StorageError("Changed", { file: file.name, offset: passed.bytes });
    throw error;
  }
}

async function* listFolder(
  folder: string,
  at: { path: string; prefix: string; signal: AbortSignal | undefined },
): AsyncIterable<StoredFile> {
  const entries = await unlessAbsent(readdir(folder, { withFileTypes: true }));
  const keyed = (entries ?? []).map((entry) => ({ entry, key: at.path + keyOf(entry) }));
  for (const { entry, key } of keyed.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))) {
    at.signal?.throwIfAborted();
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !entry.name.startsWith(".") && (key.startsWith(at.prefix) || at.prefix.startsWith(key)))
      yield* listFolder(path, { ...at, path: key });
    if (!entry.isFile() || !key.startsWith(at.prefix) || !isFileName(key)) continue;
    const found = await unlessAbsent(lstat(path));
    if (found !== undefined) yield { name: key, bytes: found.size, modifiedAtMs: found.mtimeMs, sha256: null };
  }
}

/** A folder's files are sorted as if their names were one text. */
function keyOf(entry: Dirent): string {
  return entry.isDirectory() ? `${entry.name}/` : entry.name;
}
