/**
 * An export: what the node holds at one moment becomes one RDB file, gzipped where that is wanted. The file has its name only
 * when it is whole, with its checksum.
 */
import type { TransferSpec } from "@larder/api";
import { gzip } from "../compression.ts";
import { openFolder } from "../file-place.ts";
import type { Transfer, TransferContext } from "../transfer.ts";
import { TransferError } from "../transfer-error.ts";
import { copyOfEngine } from "./engine-copy.ts";

type ExportContext = TransferContext<Extract<TransferSpec, { kind: "export" }>>;

export function exportData(context: ExportContext): Transfer {
  return { run: () => run(context) };
}

async function run(context: ExportContext): Promise<void> {
  const { spec, engine, progress, signal } = context;
  if (engine.role === "detached")
    throw new TransferError("Conflict", "The node has no data that could be exported.", { isRetryable: true });
  const storage = openFolder(spec.to, context);
  try {
    progress.enter("running", `writing ${spec.fileName}`);
    const copy = counted(copyOfEngine(context), context);
    const bytes = spec.gzip ? gzip(copy) : copy;
    const { name, bytes: written, sha256 } = await storage.put(spec.fileName, bytes, { signal });
    progress.files = [{ name, bytes: written, sha256: sha256 ?? "" }];
  } finally {
    storage.close();
  }
}

async function* counted(source: AsyncIterable<Uint8Array>, { progress }: ExportContext): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    progress.bytes += chunk.length;
    yield chunk;
  }
}
