/** Gzip as a stream, with little memory whatever the length. */
import { Readable, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { TransferError } from "./transfer-error.ts";

/** Fast rather than small: RDB files are dense already. */
const level = 3;
const pieceBytes = 256 * 1024;
const magic = [0x1f, 0x8b] as const;
/** So many zeroes at a file's end may be its own: the length in its trailer has them. */
const ownZeroesMax = 64;
const zeroes = new Uint8Array(64 * 1024);

export function gzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  return through(source, createGzip({ level, chunkSize: pieceBytes }));
}

/** The source as it is, or decompressed where it begins as a gzip file does. Throws BadFile. */
export async function* gunzipIfCompressed(
  source: AsyncIterable<Uint8Array>,
  file: string,
): AsyncGenerator<Uint8Array, void, void> {
  const chunks = source[Symbol.asyncIterator]();
  try {
    const begin = await firstBytes(chunks);
    const whole = resumed(begin, chunks);
    if (begin[0] !== magic[0] || begin[1] !== magic[1]) yield* whole;
    else yield* decompressed(whole, file);
  } finally {
    await chunks.return?.();
  }
}

async function* decompressed(source: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<Uint8Array> {
  let read = 0;
  async function* counted() {
    for await (const chunk of withoutPadding(source)) {
      yield chunk;
      read += chunk.length;
    }
  }
  try {
    yield* through(counted(), createGunzip({ chunkSize: pieceBytes }));
  } catch (cause) {
    const { code } = cause as { code?: unknown };
    if (typeof code !== "string" || !code.startsWith("Z_")) throw cause;
    const what = code === "Z_BUF_ERROR" ? "ends too early" : "is damaged";
    throw new TransferError("BadFile", `File '${file}': what is compressed ${what}, near byte ${read}.`, { cause });
  }
}

/** Zeroes at the end, by which page blobs are filled up, are left out: a decompressor that is done takes nothing more. */
async function* withoutPadding(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array = new Uint8Array(0);
  let zeroesBehind = 0;
  for await (const chunk of source) {
    let end = chunk.length;
    while (end > 0 && chunk[end - 1] === 0) end--;
    if (end > 0) {
      if (held.length > 0) yield held;
      for (; zeroesBehind > 0; zeroesBehind -= Math.min(zeroesBehind, zeroes.length))
        yield zeroes.subarray(0, zeroesBehind);
      held = chunk.subarray(0, end);
    }
    zeroesBehind += chunk.length - end;
  }
  yield Buffer.concat([held, zeroes.subarray(0, Math.min(zeroesBehind, ownZeroesMax))]);
}

async function* through(source: AsyncIterable<Uint8Array>, transform: Transform): AsyncGenerator<Uint8Array> {
  const fed = pipeline(Readable.from(source, { objectMode: false }), transform);
  // It shows below, at the reading end.
  fed.catch(() => {});
  try {
    yield* transform as AsyncIterable<Uint8Array>;
    await fed;
  } finally {
    transform.destroy();
  }
}

/** Enough to know the file by, or all that there is. */
async function firstBytes(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let begin: Uint8Array = new Uint8Array(0);
  while (begin.length < magic.length) {
    const { done, value } = await chunks.next();
    if (done === true) break;
    begin = begin.length === 0 ? value : Buffer.concat([begin, value]);
  }
  return begin;
}

async function* resumed(begin: Uint8Array, chunks: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (begin.length > 0) yield begin;
  for (let { done, value } = await chunks.next(); done !== true; { done, value } = await chunks.next()) yield value;
}
