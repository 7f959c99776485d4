/** An RDB that is read while it passes. */
import { RdbError, type RdbItem, RdbReader } from "@larder/rdb";

export type OnItem = (item: RdbItem) => Promise<void> | undefined;

/**
 * The source's bytes, each piece only when its items were read and taken. The last piece comes when the file is found whole,
 * with its checksum right: who needs all of it has nothing whole before. Zeroes behind the end are left out, by which page blobs
 * are filled up. Throws RdbError, and what `onItem` throws.
 */
export async function* passRdb(
  source: AsyncIterable<Uint8Array>,
  onItem: OnItem,
  reader: RdbReader = new RdbReader(),
): AsyncGenerator<Uint8Array, void, void> {
  let held: Uint8Array | null = null;
  for await (const chunk of source) {
    if (reader.isDone) {
      refuseUnlessPadding(chunk, reader.offset);
      continue;
    }
    reader.push(chunk);
    await takeItems(reader, onItem);
    if (held !== null) yield held;
    held = chunk;
    if (!reader.isDone) continue;
    const rest = reader.rest();
    refuseUnlessPadding(rest, reader.offset);
    held = chunk.subarray(0, chunk.length - rest.length);
  }
  reader.end();
  await takeItems(reader, onItem);
  if (held !== null) yield held;
}

async function takeItems(reader: RdbReader, onItem: OnItem): Promise<void> {
  for (let item = reader.next(); item !== null; item = reader.next()) {
    const wait = onItem(item);
    if (wait !== undefined) await wait;
  }
}

function refuseUnlessPadding(bytes: Uint8Array, offset: number): void {
  const at = bytes.findIndex((byte) => byte !== 0);
  if (at >= 0) throw new RdbError("trailing-bytes", offset + at, "Bytes behind the end of the file");
}
