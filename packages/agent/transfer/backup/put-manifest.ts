/** The end of a backup's export: its manifest, without which the file is no backup. */
import { type BackupLabel, type BackupManifest, manifestFormat, manifestNameOf } from "@larder/api";
import type { Storage, StoredFile } from "@larder/storage";
import type { TransferContext } from "../transfer.ts";
import type { RdbTally } from "./rdb-tally.ts";

export interface PutManifest {
  storage: Storage;
  label: BackupLabel;
  file: StoredFile;
  tally: RdbTally;
}

/** Throws StorageError; then the file is gone, where its storage lets it. */
export async function putManifest(
  { engine, clock, signal, log }: TransferContext,
  { storage, label, file, tally }: PutManifest,
): Promise<BackupManifest> {
  const manifest: BackupManifest = {
    format: manifestFormat,
    ...label,
    file: file.name,
    endedAt: new Date(clock.nowMs()).toISOString(),
    engine: { name: engine.engine.name, version: engine.engine.version },
    ...tally.figures(),
    bytes: file.bytes,
    sha256: file.sha256 ?? "",
  };
  try {
    await storage.put(manifestNameOf(file.name), textOf(manifest), { signal });
  } catch (error) {
    await storage.remove(file.name).catch(() => log.warn({ file: file.name }, "a file without a manifest stays"));
    throw error;
  }
  return manifest;
}

async function* textOf(manifest: BackupManifest): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
}
