/** What a change of the node does to a client that has a connection of its own there, on which nothing is in flight. */
import type { ClientConnection } from "../client/client-connection.ts";
import { counters } from "../metrics.ts";

/**
 * What it watched is lost, which looks to it as if the keys had changed. State that the gateway does not follow cannot be
 * made again: that client is closed. With commands in flight it is left alone: the loss of the connection tells it.
 */
export function leaveDedicated(client: ClientConnection): void {
  const { dedicated } = client;
  if (dedicated === null || client.inFlight > 0 || client.isInTransaction || client.stream !== null) return;
  if (client.isSticky || dedicated.isRaw) {
    counters.larder_gateway_connections_closed_moved_total++;
    return client.endAfterOutput();
  }
  client.isWatchLost ||= client.isWatching;
  client.isWatching = false;
  client.dedicated = null;
  dedicated.owner = null;
}
