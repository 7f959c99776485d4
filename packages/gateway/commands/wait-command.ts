/**
 * WAIT and WAITAOF: how many replicas have everything that was written on *their* connection. The client's writes went
 * over shared ones, and a connection without a write answers at once, whatever the replicas have. So a write that changes
 * nothing, and reaches the replicas after all that the client wrote, goes before it on the same dedicated connection.
 */
import { waitChannel } from "@larder/api";
import { encodeRequest } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import { swallow } from "../engine/reply-treatment.ts";
import { forward, onDedicated, takeMute } from "./forward.ts";
import type { Outcome, Request } from "./request.ts";

const noOperation = encodeRequest(["Publish", waitChannel, ""]);

export function forwardWait(client: ClientConnection, request: Request): Outcome {
  if (client.isInTransaction) return forward(client, request);
  return onDedicated(client, () => {
    if (client.inFlight > 0) return "quiet";
    client.dedicated?.send(noOperation, 0, noOperation.length, 1, swallow);
    client.dedicated?.send(request.bytes, request.start, request.end, 1, takeMute(client));
    return "done";
  });
}
