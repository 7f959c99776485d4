/**
 * What a newer route does to who is logged in. Whose rights ended is closed at once. Who has other rights now, which means another user
 * of the engine, goes on as that one once nothing is in flight; where the client has more at the engine than commands (a
 * connection of its own, subscriptions), that would be as the user that it was, and the client is closed.
 */
import type { RouteUser } from "@larder/api";
import type { ClientConnection } from "../client/client-connection.ts";
import { counters } from "../metrics.ts";
import type { RouteUsers } from "./route-users.ts";

export function followRoute(client: ClientConnection, users: RouteUsers): void {
  const { user } = client;
  if (user === null) return;
  const present = users.present(user);
  if (present === undefined) return end(client);
  if (present.engineUser !== user.engineUser) return changeUser(client, present);
  const wasChanging = client.nextUser !== null;
  client.user = present;
  client.nextUser = null;
  if (wasChanging) goOn(client);
}

/** False while something is in flight. */
export function becomeNextUser(client: ClientConnection): boolean {
  if (client.inFlight > 0) return false;
  client.user = client.nextUser;
  // What the engine is asked about the user before is not about this one.
  client.permission = null;
  client.nextUser = null;
  client.pool = client.cache?.poolOf(client) ?? null;
  return true;
}

function changeUser(client: ClientConnection, next: RouteUser): void {
  if (client.dedicated !== null && !canLeave(client)) return end(client);
  if (!client.subscriptions.isEmpty || client.subscriptions.changing > 0) return end(client);
  client.nextUser = next;
  client.isWatchLost ||= client.isWatching;
  client.isWatching = false;
  client.pool?.forget(client);
  client.pool = null;
  if (client.inFlight === 0 && becomeNextUser(client)) client.resume();
}

/** Nothing is on its own connection but keys that it watches; these may have changed then, for all that it knows. */
function canLeave(client: ClientConnection): boolean {
  return client.inFlight === 0 && !client.isInTransaction && !client.isSticky && client.stream === null;
}

function goOn(client: ClientConnection): void {
  client.pool = client.cache?.poolOf(client) ?? null;
  client.resume();
}

function end(client: ClientConnection): void {
  counters.larder_gateway_connections_closed_access_total++;
  client.close("access");
}
