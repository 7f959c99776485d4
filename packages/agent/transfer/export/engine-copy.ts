/**
 * The dataset of a node's engine, of one moment, as an RDB that streams: nothing of it is on disk, and in memory only what is
 * on its way. The engine forks, and its child writes to us as to a replica.
 *
 * We are none: `rdb-only` keeps the stream of writes from being kept for us, so that a slow storage costs the engine no
 * buffers; we are never online, and count neither for WAIT nor for min-replicas. But as long as the child lives no other is
 * made: a replica that needs a whole copy waits for the export's end. The engine gives us up when we take nothing for its
 * `repl-timeout`, a minute.
 */

import { connectToEngine } from "../engine-socket.ts";
import { ReplicationClient } from "../replication-client.ts";
import type { TransferContext } from "../transfer.ts";
import { TransferError } from "../transfer-error.ts";

/** A child that was made takes a moment to begin; before that, another's may have to end. */
const silentMs = 60_000;

/** Throws NotSupported, EngineLost, and what the engine refuses. The engine's child ends when the loop is left. */
export async function* copyOfEngine({ engine, signal }: TransferContext): AsyncGenerator<Uint8Array, void, void> {
  if (engine.engine.kind === "embedded")
    throw new TransferError("NotSupported", "The embedded engine cannot be exported: it neither forks nor replicates.");
  const socket = await connectToEngine(engine.socketPath, signal);
  const client = new ReplicationClient(socket, { name: "The node's engine", silentMs });
  try {
    await client.ask("AUTH", engine.user.name, engine.user.password);
    await client.mention("REPLCONF", "capa", "eof");
    await client.mention("REPLCONF", "rdb-only", "1");
    client.sync();
    yield* client.copy();
  } finally {
    client.close();
  }
}
