/**
 * Requests that are too large to be kept whole: they pass as they come, on a dedicated connection, so that a slow sender
 * of a large value holds up nobody.
 */
import { RequestFollower } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";
import { Class, queueable } from "./command-classes.ts";
import { failProtocol, onDedicated, takeMute } from "./forward.ts";
import { recounting } from "./publish-command.ts";
import { moveToDedicated } from "./queued-transaction.ts";
import type { Outcome } from "./request.ts";

/** Those that are sent on as they are; nothing else has a reason to be large. */
const passed: readonly Class[] = [...queueable, Class.sticky];
/** They may name very many channels, and are kept whole. */
const kept: readonly Class[] = [Class.subscribe, Class.unsubscribe];

/** The bytes from `start` to the end are the beginning of the request. */
export function beginLargeRequest(client: ClientConnection, found: Class, bytes: Buffer, start: number): Outcome {
  if (kept.includes(found) && bytes.length - start < limits.subscribeRequestBytesMax) {
    client.keepIncomplete(bytes, start, bytes.length - start + 1);
    return "stop";
  }
  if (!passed.includes(found)) return failProtocol(client, "ERR Protocol error: request too large for this command");
  if (client.queued !== null) return moveToDedicated(client, client.queued);
  return onDedicated(client, () => {
    if (found === Class.sticky) client.isSticky = true;
    client.stream = new RequestFollower();
    counters.larder_gateway_commands_dedicated_total++;
    const recount = found === Class.publish ? recounting(client, { bytes, start }) : null;
    client.dedicated?.expectLarge(takeMute(client) ?? recount);
    passLargeRequest(client, bytes, start);
    return client.isClosed ? "stop" : "done";
  });
}

/** Passes on what has come of the request, and returns where it ends, or the end of the bytes. */
export function passLargeRequest(client: ClientConnection, bytes: Buffer, start: number): number {
  const { dedicated, stream } = client;
  if (dedicated === null || stream === null) return start;
  const end = stream.next(bytes, start, bytes.length);
  if (stream.malformed) {
    counters.larder_gateway_connections_closed_protocol_error_total++;
    client.pool?.forget(client);
    client.fail(`ERR Protocol error: ${stream.error}`);
    return bytes.length;
  }
  dedicated.append(bytes, start, end);
  if (stream.complete) client.stream = null;
  return end;
}
