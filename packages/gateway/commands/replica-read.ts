/**
 * Who answers a client while the primary is away, and the cache allows that replicas do: single commands that only read.
 * Everything else waits as ever, and whatever comes after it with it: no read overtakes a write of its own client.
 */
import type { ClientConnection } from "../client/client-connection.ts";
import type { EnginePool } from "../engine/engine-pool.ts";
import type { Lane, LaneConnection } from "../engine/lane.ts";
import { counters } from "../metrics.ts";
import { mayAskReplica } from "./command-classes.ts";
import type { Request } from "./request.ts";

/** The replica to send the request to, or what to wait for; null when it goes to the primary, by way of `lane`. */
export function replicaFor(
  client: ClientConnection,
  { entry }: Request,
  { pool, lane }: { pool: EnginePool; lane: Lane },
): LaneConnection | "quiet" | "wait" | null {
  if (client.inFlight === 0) client.replica = null;
  const isElsewhere = client.inFlight > 0 && client.replica === null;
  const reads = client.cache?.replicaReads;
  if (!reads?.areWanted || !lane.isAway || !mayAskReplica(entry)) return client.replica === null ? null : "quiet";
  if (isElsewhere) return "quiet";
  const replica = client.replica ?? reads.connection(client, pool);
  if (replica === null) return null;
  if (replica === "wait") {
    if (!lane.isUnavailable) lane.wait(client);
    return "wait";
  }
  if (replica.isFull) {
    replica.waitForDrain(client);
    return "wait";
  }
  client.replica = replica;
  counters.larder_gateway_commands_replica_total++;
  return replica;
}
