/** Compression as a stream, with little memory whatever the length. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

/** Fast rather than small: RDB files are dense already. */
const level = 3;

export async function* gzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const compressor = createGzip({ level });
  const fed = pipeline(Readable.from(source, { objectMode: false }), compressor);
  // It shows below, at the reading end.
  fed.catch(() => {});
  yield* compressor as AsyncIterable<Uint8Array>;
  await fed;
}
