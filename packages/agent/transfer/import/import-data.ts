/** An import: files are loaded into an intake node, or among what a primary has. */
import type { TransferSpec } from "@larder/api";
import { openFile } from "../file-place.ts";
import type { Transfer, TransferContext } from "../transfer.ts";
import { TransferError } from "../transfer-error.ts";
import { loadByEngine } from "./engine-load.ts";

export type ImportContext = TransferContext<Extract<TransferSpec, { kind: "import" }>>;

export function importData(context: ImportContext): Transfer {
  return { run: () => run(context) };
}

async function run(context: ImportContext): Promise<void> {
  const { spec, engine, progress } = context;
  if (spec.mode === "fill" && !engine.isIntake) throw new TransferError("Conflict", "The node is not being filled.");
  const [file] = spec.files;
  if (file === undefined) throw new TransferError("BadFile", "No file is named.");
  const place = openFile(file, context);
  progress.enter("running", `loading ${place.name}`);
  await loadByEngine(context, place.storage.get(place.name, { signal: context.signal }));
}
