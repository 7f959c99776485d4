/**
 * A file by the engine's own loader, which is several times as fast as loading it key by key: the engine copies it from a feed,
 * as if that were its primary.
 *
 * The loader trusts files: where it cannot go on it ends the engine. So every byte was read here before it goes there, and what
 * only we would refuse (databases that the node has not, values of modules, a checksum that is wrong) never gets there whole. What is inside of
 * packed values the engine checks itself, as `sanitize-dump-payload` has it do while it loads. It keeps no limit of memory:
 * that is watched meanwhile.
 */
import { IgnoringSink, type RdbEntry, type RdbItem, rdbVersionOf, ValueDecoder } from "@larder/rdb";
import { type EngineConnection, EngineRefused, EngineUnreachable } from "../../engine/ask.ts";
import { KeyChoice } from "../key-choice.ts";
import type { TransferEngine } from "../transfer-engine.ts";
import { TransferError } from "../transfer-error.ts";
import type { ImportContext } from "./import-data.ts";
import { emptyIntake, figuresOf, memoryUse, withConnection } from "./intake.ts";
import { RdbFeed } from "./rdb-feed.ts";
import type { RdbSource } from "./rdb-source.ts";

const lookAtMemoryMs = 100;
const leaveEveryMs = 50;
/** Dropping what was loaded takes as long as it is large. */
const leaveMsMax = 60_000;
const sanitize = "sanitize-dump-payload";

/** The file is one for the other way. */
class NotForEngine extends Error {}

/** False where the file, or the node, is not one for the engine's loader: then the node is empty. */
export async function loadByEngine(context: ImportContext, source: RdbSource): Promise<boolean> {
  const { spec, engine, progress } = context;
  if (engine.takeFrom === null || !new KeyChoice(spec.filter).isEverything) return false;
  progress.enter("running", `loading ${source.name}, by the engine`);
  try {
    await withConnection(engine, async (connection) => {
      const before = await connection.ask("CONFIG", "GET", sanitize);
      await connection.ask("CONFIG", "SET", sanitize, "yes");
      await give(context, source, connection);
      if (Array.isArray(before)) await connection.ask("CONFIG", "SET", sanitize, String(before[1]));
    });
    progress.usedEngineLoader = true;
    return true;
  } catch (error) {
    if (!(error instanceof NotForEngine)) throw error;
    progress.begin(engine.runId);
    progress.bytesTotal = await source.bytes();
    await emptyIntake(context);
    return false;
  }
}

async function give(context: ImportContext, source: RdbSource, connection: EngineConnection): Promise<void> {
  const { engine, progress, randomness, clock } = context;
  const stopped = new AbortController();
  const signal = AbortSignal.any([context.signal, stopped.signal]);
  const feed = new RdbFeed(randomness);
  const watched = watchMemory(connection, { clock, stopped });
  const inspection = new Inspection(context);
  const addBytes = (bytes: number) => {
    progress.bytes += bytes;
  };
  try {
    const address = await feed.listen();
    await engine.takeFrom?.(address);
    await feed.give(
      source.checked((item) => inspection.see(item), addBytes),
      signal,
    );
  } catch (error) {
    if (stopped.signal.aborted) throw stopped.signal.reason;
    context.signal.throwIfAborted();
    throw error instanceof TransferError && error.code === "EngineLost" ? await whyLost(source, connection) : error;
  } finally {
    feed.close();
    await leaveFeed(context);
    if (!stopped.signal.aborted) stopped.abort(null);
    await watched;
  }
  const use = await memoryUse(connection);
  if (use.maxBytes > 0 && use.usedBytes > use.maxBytes) throw doesNotFit(figuresOf(use));
}

/** An engine that loads takes no word about its role. Without a feed it soon notices that nothing comes. */
async function leaveFeed({ engine, clock }: ImportContext): Promise<void> {
  for (const untilMs = clock.monotonicMs() + leaveMsMax; ; await clock.sleep(leaveEveryMs)) {
    try {
      return await engine.takeFrom?.(null);
    } catch (error) {
      // One that has ended follows nobody, and why it did is known better elsewhere.
      if (error instanceof EngineUnreachable) return;
      const mayObey = error instanceof EngineRefused && clock.monotonicMs() < untilMs;
      if (!mayObey) throw error;
    }
  }
}

/** An engine refuses a damaged file, or ends. Mostly the checksum, which was to come, shows that it is damaged. */
async function whyLost(source: RdbSource, connection: EngineConnection): Promise<TransferError> {
  const { offset } = source;
  await source.read(
    () => undefined,
    () => {},
  );
  try {
    await connection.info("server");
  } catch (cause) {
    if (!(cause instanceof EngineUnreachable)) throw cause;
    return new TransferError("EngineLost", "The node's engine ended while it loaded the file.", {
      isRetryable: true,
      cause,
    });
  }
  return new TransferError("BadFile", `File '${source.name}': the engine refuses what is before offset ${offset}.`);
}

/** What the file is found to be while it passes. */
class Inspection {
  readonly #context: ImportContext;
  readonly #decoder = new ValueDecoder(new IgnoringSink());

  constructor(context: ImportContext) {
    this.#context = context;
  }

  see(item: RdbItem): undefined {
    const { progress, engine } = this.#context;
    if (item.type === "entry") this.#seeEntry(item);
    else if (item.type === "header" && !isReadableBy(engine, item)) throw new NotForEngine();
    else if (item.type === "database" && item.index >= engine.databases) throw new NotForEngine();
    else if (item.type === "moduleAux" || item.type === "slotImport") throw new NotForEngine();
    else if (item.type === "resize") progress.keysTotal = (progress.keysTotal ?? 0) + item.keys;
  }

  #seeEntry(entry: RdbEntry): void {
    const { progress, clock } = this.#context;
    // Says which module it is.
    if (entry.kind === "module") this.#decoder.decode(entry);
    if (entry.metadata !== null) throw new NotForEngine();
    if (entry.expiresAtMs !== null && entry.expiresAtMs <= clock.nowMs()) progress.keysSkipped++;
    else progress.keys++;
  }
}

/** Only Redis wrote versions from 12 to 79, and Valkey does not read them. */
function isReadableBy({ engine }: TransferEngine, header: { version: number; family: "redis" | "valkey" }): boolean {
  if (header.version > rdbVersionOf(engine)) return false;
  return engine.name === "redis" ? header.family === "redis" : header.family === "valkey" || header.version <= 11;
}

/** Ends the loading when more is in memory than the node may have. */
async function watchMemory(
  connection: EngineConnection,
  { clock, stopped }: { clock: ImportContext["clock"]; stopped: AbortController },
): Promise<void> {
  try {
    while (!stopped.signal.aborted) {
      const use = await memoryUse(connection);
      if (use.maxBytes > 0 && use.usedBytes > use.maxBytes) stopped.abort(doesNotFit(figuresOf(use)));
      else await clock.sleep(lookAtMemoryMs, stopped.signal);
    }
  } catch {
    // Whoever feeds the engine hears that it is gone.
  }
}

function doesNotFit(figures: string): TransferError {
  return new TransferError("OutOfMemory", `What the file holds does not fit into the node's memory. ${figures}`);
}
