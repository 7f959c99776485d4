/**
 * Looks over all clients now and then, for what no event tells: who has not logged in, whose token has expired, who takes
 * none of its replies, and between whom and the gateway nothing has passed for too long. A subscriber that is sent messages is not idle, nor is
 * a client that waits in a blocking command.
 */

import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";
import type { ClientConnection } from "./client-connection.ts";

/** `wallMs`: the present as tokens count it. */
export function sweepClients(clients: Iterable<ClientConnection>, nowMs: number, wallMs: number): void {
  for (const client of [...clients]) {
    client.checkStall(nowMs);
    client.noteSent(nowMs);
    if (client.loginEndsMs !== null && wallMs >= client.loginEndsMs) {
      endLogin(client);
    } else if (client.user === null && nowMs - client.connectedMs > limits.clientAuthenticateMs) {
      counters.larder_gateway_connections_closed_unauthenticated_total++;
      client.close("unauthenticated");
    } else if (isIdle(client, nowMs)) {
      counters.larder_gateway_connections_closed_idle_total++;
      client.close("idle");
    }
  }
}

/**
 * What it has in flight may have been done: then no error may stand in the place of the reply. Commands that only wait here have
 * not been done, and the first of them gets it.
 */
function endLogin(client: ClientConnection): void {
  counters.larder_gateway_connections_closed_token_expired_total++;
  if (client.inFlight === 0 && client.inputBytes > 0)
    client.fail("NOAUTH the token with which this connection logged in has expired", "token-expired");
  else client.close("token-expired");
}

function isIdle(client: ClientConnection, nowMs: number): boolean {
  const sinceMs = Math.max(client.lastActiveMs, client.lastSentMs);
  return nowMs - sinceMs > limits.clientIdleMs && client.inFlight === 0;
}
