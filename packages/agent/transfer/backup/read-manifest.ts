/** A manifest as it lies in its storage. */
import { type BackupManifest, manifestBytesMax, parseManifest } from "@larder/api";
import type { Storage } from "@larder/storage";

/** Throws StorageError, and InvalidParameter where it is none. */
export async function readManifest(storage: Storage, name: string, signal: AbortSignal): Promise<BackupManifest> {
  const chunks: Uint8Array[] = [];
  const options = { signal, length: manifestBytesMax + 1 };
  for await (const chunk of storage.get(name, options)) chunks.push(chunk);
  return parseManifest(Buffer.concat(chunks).toString("utf8"), name);
}
