/**
 * Where a client's commands go, one at a time: to its dedicated connection where it has one, else to the shared one; and
 * what happens while neither is there. Runs of shared commands take a shorter way, in dispatch.ts.
 */
import { encodeError } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import { unavailableError } from "../engine/engine-pool.ts";
import type { Lane } from "../engine/lane.ts";
import { swallow, type Treatment } from "../engine/reply-treatment.ts";
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";
import { replicaFor } from "./replica-read.ts";
import type { Outcome, Request } from "./request.ts";

/** Sends the request, or says what it must wait for. `treatment` is of its reply. */
export function forward(client: ClientConnection, request: Request, treatment: Treatment = null): Outcome {
  return send(client, request, treatment, request.end - request.start > limits.bulkBytes);
}

/** As `forward`, for what may be slow: on the bulk lane, unless the client has a connection of its own. */
export function forwardSlow(client: ClientConnection, request: Request, treatment: Treatment = null): Outcome {
  return send(client, request, treatment, true);
}

function send(client: ClientConnection, request: Request, treatment: Treatment, isBulky: boolean): Outcome {
  const { bytes, start, end } = request;
  if (client.inFlight >= client.window) return "quiet";
  const dedicated = client.dedicated;
  if (dedicated !== null) {
    if (dedicated.state !== "ready") return "wait";
    counters.larder_gateway_commands_dedicated_total++;
    dedicated.send(bytes, start, end, 1, treatment ?? takeMute(client));
    return "done";
  }
  const pool = client.pool;
  if (pool === null) return failNow(client, unavailableError());
  if (!chooseLane(client, isBulky)) return "quiet";
  const lane = client.isOnBulkLane ? pool.bulk : pool.fast;
  const isUsual = lane.connection !== null && client.replica === null;
  const replica = isUsual ? null : replicaFor(client, request, { pool, lane });
  if (typeof replica === "string") return replica;
  const server = replica ?? lane.connection;
  if (server === null) return awaitEngine(client, lane);
  counters.larder_gateway_commands_total++;
  server.send(client, bytes, start, end, 1, treatment ?? takeMute(client));
  return "done";
}

/**
 * Puts the client on the lane that its next command should take. False while commands in flight on the other one are in
 * the way. It leaves the bulk lane only when it is quiet anyway: a pipeline of both kinds stays there and waits for nothing.
 */
export function chooseLane(client: ClientConnection, isBulky: boolean): boolean {
  const wantsBulk = isBulky || client.largeRepliesLeft > 0;
  if (client.inFlight === 0) client.isOnBulkLane = wantsBulk;
  else if (wantsBulk && !client.isOnBulkLane) return false;
  if (wantsBulk) counters.larder_gateway_commands_bulk_total++;
  return true;
}

/** Runs `action` once the client has a dedicated connection that is ready, and nothing in flight elsewhere. */
export function onDedicated(client: ClientConnection, action: () => Outcome): Outcome {
  if (client.dedicated === null) {
    if (client.inFlight > 0) return "quiet";
    const pool = client.pool;
    if (pool === null) return failNow(client, unavailableError());
    if (pool.fast.connection === null) return awaitEngine(client, pool.fast);
    pool.lend(client);
  }
  return client.dedicated?.state === "ready" ? action() : "wait";
}

/** As `forward`, for what may wait in the engine: on a dedicated connection until it is answered. */
export function forwardBlocking(client: ClientConnection, request: Request): Outcome {
  return onDedicated(client, () => {
    const outcome = forward(client, request);
    if (outcome === "done" && !client.isInTransaction) client.noteBlocking(request);
    return outcome;
  });
}

/** As `forward`, on a dedicated connection that the client then keeps for good. */
export function forwardSticky(client: ClientConnection, request: Request, treatment: Treatment = null): Outcome {
  return onDedicated(client, () => {
    client.isSticky = true;
    return forward(client, request, treatment);
  });
}

/** The engine is away: the client waits for it, or is told when that has taken too long. */
export function awaitEngine(client: ClientConnection, lane: Lane): Outcome {
  if (!lane.isUnavailable) {
    lane.wait(client);
    return "wait";
  }
  lane.ensure();
  return answer(client, encodeError(unavailableError()));
}

/** The gateway's own reply, in its place among those of the engine. */
export function answer(client: ClientConnection, reply: string): Outcome {
  if (client.inFlight > 0) return "quiet";
  client.reply(reply);
  return "done";
}

/** An error that ends the connection, after the replies to what was asked before. */
export function failNow(client: ClientConnection, error: string): Outcome {
  if (client.inFlight > 0) return "quiet";
  client.fail(error);
  return "stop";
}

/** As `failNow`, for a client that speaks no RESP, or says more than it may. */
export function failProtocol(client: ClientConnection, error: string): Outcome {
  const outcome = failNow(client, error);
  if (outcome === "stop") counters.larder_gateway_connections_closed_protocol_error_total++;
  return outcome;
}

/** What CLIENT REPLY asks for the next reply. */
export function takeMute(client: ClientConnection): Treatment {
  if (client.isMuted) return swallow;
  if (!client.skipsNext) return null;
  client.skipsNext = false;
  return swallow;
}
