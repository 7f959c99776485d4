/**
 * WATCH, MULTI and their ends, and what is refused, alone and inside a transaction.
 *
 * A transaction runs on a dedicated connection. What the gateway refuses inside it, the engine must learn of, so that
 * EXEC fails as it would have done: it gets a command that it does not know, and its error is replaced by ours.
 */
import { encodeError, encodeRequest } from "@larder/resp";
import type { ClientConnection } from "./client-connection.ts";
import { Class } from "./command-classes.ts";
import { answer, forward, onDedicated } from "./forward.ts";
import { counters } from "./metrics.ts";
import { swallow } from "./reply-queue.ts";
import { type Outcome, ownRequest, type Request, wordsOf } from "./request.ts";

const unknownToEngine = ownRequest(encodeRequest(["LARDER.REFUSED"]), 1);

export function beginWatch(client: ClientConnection, request: Request): Outcome {
  return onDedicated(client, () => {
    client.isWatching = true;
    return forward(client, request);
  });
}

export function beginTransaction(client: ClientConnection, request: Request): Outcome {
  return onDedicated(client, () => {
    const outcome = forward(client, request);
    if (outcome === "done" && request.argumentCount === 1) client.isInTransaction = true;
    return outcome;
  });
}

/** EXEC and DISCARD end a transaction and a watch, UNWATCH only a watch; with wrong arguments they do nothing. */
export function endTransaction(client: ClientConnection, found: Class, request: Request): Outcome {
  const outcome = forward(client, request);
  if (outcome !== "done" || request.argumentCount !== 1) return outcome;
  if (found !== Class.unwatch) client.isInTransaction = false;
  if (!client.isInTransaction) client.isWatching = false;
  return outcome;
}

/** What the service does not offer. */
export function refuse(client: ClientConnection, request: Request): Outcome {
  counters.larder_gateway_commands_refused_total++;
  const error = encodeError(unknownCommandText(wordsOf(request)));
  return client.isInTransaction ? spoil(client, error) : answer(client, error);
}

/** SELECT is queued like others; what would change the client's own connection is not possible inside a transaction. */
export function refuseInside(client: ClientConnection, found: Class, request: Request): Outcome {
  if (found === Class.select) {
    client.isSticky = true;
    return forward(client, request);
  }
  const name = wordsOf(request)[0]?.toString("latin1").toUpperCase();
  return spoil(client, encodeError(`ERR ${name} inside MULTI is not supported by this service`));
}

function spoil(client: ClientConnection, error: string): Outcome {
  return forward(client, unknownToEngine, client.isMuted ? swallow : Buffer.from(error));
}

/** As Valkey words it. */
function unknownCommandText(words: readonly Buffer[]): string {
  const shown = words.slice(1, 17).map((word) => `'${word.toString("utf8", 0, 128)}' `);
  return `ERR unknown command '${words[0]?.toString("utf8", 0, 128)}', with args beginning with: ${shown.join("")}`;
}
