/** What is done to a node that is filled, besides filling it. */
import { EngineConnection } from "../../engine/ask.ts";
import type { TransferContext } from "../transfer.ts";
import { TransferError } from "../transfer-error.ts";

const lookMs = 20;

/** Nothing is there afterwards, and nothing of it is in memory. Only ever a node that is being filled. Throws Conflict. */
export async function emptyIntake({ engine, engineNow, clock, signal }: TransferContext): Promise<void> {
  await withConnection(engine, async (connection) => {
    if (engineNow()?.isIntake !== true) throw new TransferError("Conflict", "The node is not being filled any more.");
    await connection.ask("FLUSHALL", "ASYNC");
    if (engine.engine.kind === "native" && !(engine.engine.name === "redis" && engine.engine.version.startsWith("6.")))
      await connection.ask("FUNCTION", "FLUSH", "SYNC");
    while (Number((await connection.info("memory")).get("lazyfree_pending_objects")) > 0) {
      signal.throwIfAborted();
      await clock.sleep(lookMs, signal);
    }
  });
}

export interface MemoryUse {
  usedBytes: number;
  /** 0: no limit. */
  maxBytes: number;
}

export async function memoryUse(connection: EngineConnection): Promise<MemoryUse> {
  const memory = await connection.info("memory");
  // What replicas' buffers and files of writes take does not count against the limit.
  const beside = Number(memory.get("mem_not_counted_for_evict") ?? 0);
  return { usedBytes: Number(memory.get("used_memory")) - beside, maxBytes: Number(memory.get("maxmemory")) };
}

export async function memoryFigures({ engine }: TransferContext): Promise<string> {
  return withConnection(engine, async (connection) => figuresOf(await memoryUse(connection)));
}

export function figuresOf({ usedBytes, maxBytes }: MemoryUse): string {
  return `It has ${megabytes(maxBytes)} MB, and ${megabytes(usedBytes)} MB were in use.`;
}

export async function withConnection<T>(
  { socketPath, user }: TransferContext["engine"],
  act: (connection: EngineConnection) => Promise<T>,
): Promise<T> {
  const connection = await EngineConnection.open(socketPath, user);
  try {
    return await act(connection);
  } finally {
    connection.close();
  }
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}
