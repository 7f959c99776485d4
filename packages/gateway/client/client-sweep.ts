/**
 * Looks over all clients now and then, for what no event tells: who has not logged in, who takes none of its replies, and
 * between whom and the gateway nothing has passed for too long. A subscriber that is sent messages is not idle, nor is
 * a client that waits in a blocking command.
 */

import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";
import type { ClientConnection } from "./client-connection.ts";

export function sweepClients(clients: Iterable<ClientConnection>, nowMs: number): void {
  for (const client of [...clients]) {
    client.checkStall(nowMs);
    client.noteSent(nowMs);
    if (client.user === null && nowMs - client.connectedMs > limits.clientAuthenticateMs) {
      counters.larder_gateway_connections_closed_unauthenticated_total++;
      client.close("unauthenticated");
    } else if (isIdle(client, nowMs)) {
      counters.larder_gateway_connections_closed_idle_total++;
      client.close("idle");
    }
  }
}

function isIdle(client: ClientConnection, nowMs: number): boolean {
  const sinceMs = Math.max(client.lastActiveMs, client.lastSentMs);
  return nowMs - sinceMs > limits.clientIdleMs && client.inFlight === 0;
}
