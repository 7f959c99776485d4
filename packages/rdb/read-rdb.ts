/**
 * A whole file from a stream of chunks, item for item to a callback.
 *
 * A callback rather than an iterator: a promise for each entry would cost more than the entry. It may return a promise
 * where it wants the file to wait; the item and its bytes stay valid until that is settled.
 */
import type { RdbItem } from "./items.ts";
import { defaultRdbLimits, type RdbLimits } from "./limits.ts";
import { RdbError } from "./rdb-error.ts";
import { RdbReader } from "./reader.ts";

export type OnRdbItem = (item: RdbItem) => void | Promise<void>;

/** Rejects with an RdbError where the bytes are wrong, also for bytes behind the file's end, and with what the source or the callback throws. */
export async function readRdb(
  source: AsyncIterable<Uint8Array>,
  onItem: OnRdbItem,
  limits: RdbLimits = defaultRdbLimits,
): Promise<void> {
  const reader = new RdbReader(limits);
  for await (const chunk of source) {
    reader.push(chunk);
    await readItems(reader, onItem);
    refuseRest(reader);
  }
  reader.end();
  await readItems(reader, onItem);
}

async function readItems(reader: RdbReader, onItem: OnRdbItem): Promise<void> {
  for (let item = reader.next(); item !== null; item = reader.next()) {
    const wait = onItem(item);
    if (wait !== undefined) await wait;
  }
}

function refuseRest(reader: RdbReader): void {
  if (!reader.isDone || reader.rest().length === 0) return;
  throw new RdbError("trailing-bytes", reader.offset, "Bytes behind the end of the file");
}
