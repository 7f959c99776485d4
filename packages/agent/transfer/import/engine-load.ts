/** A file by the engine's own loader. */
import type { ImportContext } from "./import-data.ts";
import { RdbFeed } from "./rdb-feed.ts";

export async function loadByEngine(context: ImportContext, source: AsyncIterable<Uint8Array>): Promise<void> {
  const { engine, progress, randomness, signal } = context;
  if (engine.takeFrom === null) throw new Error("an engine that cannot replicate");
  const feed = new RdbFeed(randomness);
  try {
    await engine.takeFrom(await feed.listen());
    await feed.give(counted(source, context), signal);
    progress.usedEngineLoader = true;
  } finally {
    feed.close();
    await engine.takeFrom(null);
  }
}

async function* counted(source: AsyncIterable<Uint8Array>, { progress }: ImportContext): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    progress.bytes += chunk.length;
    yield chunk;
  }
}
