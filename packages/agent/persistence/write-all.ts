import type { FileHandle } from "node:fs/promises";

/** A disk that is nearly full takes a part, and says so at the next write only. */
export async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) at += (await file.write(bytes, at)).bytesWritten;
}
