/**
 * Where a client's commands go, one at a time: to its dedicated connection where it has one, else to the shared one; and
 * what happens while neither is there. Runs of shared commands take a shorter way, in dispatch.ts.
 */
import { encodeError } from "@larder/resp";
import type { ClientConnection } from "./client-connection.ts";
import { unavailableError } from "./engine-pool.ts";
import { counters } from "./metrics.ts";
import { swallow, type Treatment } from "./reply-queue.ts";
import type { Outcome, Request } from "./request.ts";

/** Sends the request, or says what it must wait for. `treatment` is of its reply. */
export function forward(client: ClientConnection, request: Request, treatment: Treatment = null): Outcome {
  const { bytes, start, end } = request;
  if (client.inFlight >= client.window) return "quiet";
  const dedicated = client.dedicated;
  if (dedicated !== null) {
    if (dedicated.state !== "ready") return "wait";
    counters.larder_gateway_commands_dedicated_total++;
    dedicated.send(bytes, start, end, 1, treatment ?? takeMute(client));
    return "done";
  }
  const shared = client.pool?.shared ?? null;
  if (shared === null) return awaitEngine(client);
  counters.larder_gateway_commands_total++;
  shared.send(client, bytes, start, end, 1, treatment ?? takeMute(client));
  return "done";
}

/** Runs `action` once the client has a dedicated connection that is ready, and nothing in flight elsewhere. */
export function onDedicated(client: ClientConnection, action: () => Outcome): Outcome {
  if (client.dedicated === null) {
    if (client.inFlight > 0) return "quiet";
    if (client.pool === null || client.pool.shared === null) return awaitEngine(client);
    client.pool.lend(client);
  }
  return client.hasDedicated ? action() : "wait";
}

/** As `forward`, on a dedicated connection that the client then keeps for good. */
export function forwardSticky(client: ClientConnection, request: Request): Outcome {
  return onDedicated(client, () => {
    client.isSticky = true;
    return forward(client, request);
  });
}

/** The engine is away: the client waits for it, or is told when that has taken too long. */
export function awaitEngine(client: ClientConnection): Outcome {
  const pool = client.pool;
  if (pool === null) return failNow(client, unavailableError());
  if (!pool.isUnavailable) {
    pool.wait(client);
    return "wait";
  }
  pool.ensure();
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

/** What CLIENT REPLY asks for the next reply. */
export function takeMute(client: ClientConnection): Treatment {
  if (client.isMuted) return swallow;
  if (!client.skipsNext) return null;
  client.skipsNext = false;
  return swallow;
}
