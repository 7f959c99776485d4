/**
 * An export: what the node holds at one moment becomes one RDB file, gzipped where that is wanted. The file has its name only
 * when it is whole, with its SHA-256.
 *
 * The engine's bytes go on as they are, unless only some keys or another version are wanted. Either way they are read as they
 * pass, with their checksum: what was damaged on its way out of the engine gets no name.
 */
import type { TransferSpec } from "@larder/api";
import { RdbError, type RdbItem, rdbVersionOf } from "@larder/rdb";
import { openFolder } from "@larder/storage";
import { putManifest } from "../backup/put-manifest.ts";
import { RdbTally } from "../backup/rdb-tally.ts";
import { gzip } from "../compression.ts";
import { KeyChoice } from "../key-choice.ts";
import type { Progress } from "../progress.ts";
import { passRdb } from "../rdb-pass.ts";
import type { Transfer, TransferContext } from "../transfer.ts";
import { TransferError } from "../transfer-error.ts";
import { copyOfEngine } from "./engine-copy.ts";
import { rewritten } from "./rewritten.ts";

export type ExportContext = TransferContext<Extract<TransferSpec, { kind: "export" }>>;

export function exportData(context: ExportContext): Transfer {
  return { run: () => run(context) };
}

async function run(context: ExportContext): Promise<void> {
  const { spec, engine, progress, clock, signal } = context;
  if (engine.role === "detached")
    throw new TransferError("Conflict", "The node has no data that could be exported.", { isRetryable: true });
  const storage = openFolder(spec.to, context);
  try {
    progress.enter("running", `writing ${spec.fileName}`);
    const tally = spec.backup === undefined ? null : new RdbTally(clock.nowMs());
    const bytes = spec.gzip ? gzip(fileOf(context, tally)) : fileOf(context, tally);
    const file = await storage.put(spec.fileName, bytes, { signal });
    if (spec.backup !== undefined && tally !== null)
      progress.backup = await putManifest(context, { storage, label: spec.backup, file, tally });
    progress.files = [{ name: file.name, bytes: file.bytes, sha256: file.sha256 ?? "" }];
  } catch (error) {
    if (!(error instanceof RdbError)) throw error;
    const message = `The engine's copy of its data is damaged: ${error.message}.`;
    throw new TransferError("EngineLost", message, { isRetryable: true, cause: error });
  } finally {
    storage.close();
  }
}

/** `tally`: of a backup. */
function fileOf(context: ExportContext, tally: RdbTally | null): AsyncIterable<Uint8Array> {
  const { spec, engine, progress } = context;
  const choice = new KeyChoice(spec.filter);
  const copy = counted(copyOfEngine(context), progress);
  const isAsItIs = spec.rdbVersion === null || spec.rdbVersion === rdbVersionOf(engine.engine);
  if (choice.isEverything && isAsItIs)
    return passRdb(copy, (item) => {
      tally?.see(item);
      return countKeys(item, progress);
    });
  return rewritten(copy, { choice, version: spec.rdbVersion, progress });
}

function countKeys(item: RdbItem, progress: Progress): undefined {
  if (item.type === "entry") progress.keys++;
  else if (item.type === "resize") progress.keysTotal = (progress.keysTotal ?? 0) + item.keys;
}

async function* counted(source: AsyncIterable<Uint8Array>, progress: Progress): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of source) {
    progress.bytes += chunk.length;
    yield chunk;
  }
}
