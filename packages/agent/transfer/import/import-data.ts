/**
 * An import. Into an intake node ("fill"): what it has goes, and the files' keys are all that is there afterwards. Into a primary
 * ("merge"): among what it has, while it serves. The former may fail at any moment, as nobody uses the node; for the latter the
 * files are read to their ends first, so that a file that is damaged changes nothing.
 *
 * One whole file that the engine can read is loaded by the engine's own loader; all else key by key.
 */
import type { TransferSpec } from "@larder/api";
import { connectToEngine } from "../engine-socket.ts";
import { KeyChoice } from "../key-choice.ts";
import { EngineWriter } from "../load/engine-writer.ts";
import { RdbLoader } from "../load/rdb-loader.ts";
import type { Transfer, TransferContext } from "../transfer.ts";
import { TransferError } from "../transfer-error.ts";
import { loadByEngine } from "./engine-load.ts";
import { emptyIntake, memoryFigures, withConnection } from "./intake.ts";
import { RdbSource } from "./rdb-source.ts";

export type ImportContext = TransferContext<Extract<TransferSpec, { kind: "import" }>>;

export function importData(context: ImportContext): Transfer {
  return { run: () => run(context) };
}

async function run(context: ImportContext): Promise<void> {
  const { spec, progress } = context;
  requireRole(context);
  const expected = (spec.mode === "fill" && spec.files.length === 1 ? spec.expects : undefined) ?? null;
  const sources = spec.files.map((file) => RdbSource.open(file, context, expected));
  try {
    progress.enter("running", "looking at the files");
    progress.bytesTotal = await totalBytes(sources);
    if (spec.mode === "fill") await fill(context, sources);
    else await merge(context, sources);
  } finally {
    for (const source of sources) source.close();
  }
}

function requireRole({ spec, engine }: ImportContext): void {
  if (spec.mode === "fill" && !engine.isIntake) throw new TransferError("Conflict", "The node is not being filled.");
  if (spec.mode === "merge" && engine.role !== "primary")
    throw new TransferError("Conflict", "The node is not the primary of its cache.");
}

async function totalBytes(sources: readonly RdbSource[]): Promise<number> {
  let total = 0;
  for (const source of sources) total += await source.bytes();
  return total;
}

async function fill(context: ImportContext, sources: readonly RdbSource[]): Promise<void> {
  await emptyIntake(context);
  const [source] = sources;
  if (source !== undefined && sources.length === 1 && (await loadByEngine(context, source))) return;
  await loadByKey(context, sources, "replace");
}

async function merge(context: ImportContext, sources: readonly RdbSource[]): Promise<void> {
  const { spec, progress } = context;
  for (const source of sources) {
    progress.enter("running", `checking ${source.name}`);
    await source.read(
      () => undefined,
      () => {},
    );
  }
  progress.addCaveat("What was loaded stays when the import is cancelled or fails.");
  await loadByKey(context, sources, spec.mode === "merge" ? spec.existing : "replace");
}

async function loadByKey(
  context: ImportContext,
  sources: readonly RdbSource[],
  existing: "keep" | "replace",
): Promise<void> {
  const { spec, engine, progress, clock, signal } = context;
  const writer = await EngineWriter.open(await connectToEngine(engine.socketPath, signal), engine.user);
  try {
    for (const source of sources) {
      progress.enter("running", `loading ${source.name}`);
      const loader = new RdbLoader({
        engine,
        writer,
        choice: new KeyChoice(spec.filter),
        existing,
        isServing: spec.mode === "merge",
        temporaryKey: temporaryKeyOf(context),
        progress,
        nowMs: () => clock.nowMs(),
      });
      await source.loadWith(loader, (bytes) => {
        progress.bytes += bytes;
      });
    }
  } catch (error) {
    if (spec.mode === "merge") await removeTemporaryKey(context);
    signal.throwIfAborted();
    if (error instanceof TransferError && error.code === "OutOfMemory") throw await withFigures(context, error);
    throw error;
  } finally {
    writer.close();
  }
}

function temporaryKeyOf({ spec }: ImportContext): string {
  return `larder:import:${spec.transferId}`;
}

/** A value that was being made when the import ended. An engine that is gone, or not the primary any more, keeps it. */
async function removeTemporaryKey(context: ImportContext): Promise<void> {
  const { engine, log, spec } = context;
  try {
    await withConnection(engine, async (connection) => {
      for (let database = 0; database < engine.databases; database++) {
        await connection.ask("SELECT", String(database));
        await connection.ask("UNLINK", temporaryKeyOf(context));
      }
    });
  } catch (err) {
    log.warn({ nodeId: spec.nodeId, transferId: spec.transferId, err }, "a value that was being made may be left");
  }
}

async function withFigures(context: ImportContext, error: TransferError): Promise<TransferError> {
  const { keys, keysTotal } = context.progress;
  const total = keysTotal === null ? "" : ` of about ${keysTotal}`;
  const figures = `${await memoryFigures(context)} ${keys} keys${total} were read by then.`;
  return new TransferError(error.code, `${error.message} ${figures}`);
}
