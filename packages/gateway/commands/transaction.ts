/**
 * WATCH, MULTI and their ends, and what is refused, alone and inside a transaction.
 *
 *   MULTI … EXEC all there at once           passes on a shared connection (whole-transaction.ts)
 *   MULTI that arrives alone, no WATCH       is gathered first (queued-transaction.ts)
 *   after WATCH, or for what only an engine can judge (its user's policy, too)   on a dedicated connection, here
 *
 * What the gateway refuses inside the last kind, the engine must learn of, so that EXEC fails as it would have done: it
 * gets a command that it does not know, and its error is replaced by ours.
 */
import { encodeError } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import { swallow } from "../engine/reply-treatment.ts";
import { counters } from "../metrics.ts";
import { Class } from "./command-classes.ts";
import { answer, forward, onDedicated, takeMute } from "./forward.ts";
import { beginQueuing } from "./queued-transaction.ts";
import { spoilingRequest, unknownCommandText } from "./refused-command.ts";
import { type Outcome, ownRequest, type Request, wordsOf } from "./request.ts";

const notPermitted = Buffer.from("-NOPERM ");

export function beginWatch(client: ClientConnection, request: Request): Outcome {
  return onDedicated(client, () => {
    client.isWatching = true;
    return forward(client, request);
  });
}

export function beginTransaction(client: ClientConnection, request: Request): Outcome {
  const isWellFormed = request.argumentCount === 1;
  if (isWellFormed && !client.isOwnUser) return beginAsPermitted(client, request);
  if (client.dedicated === null && isWellFormed) return beginQueuing(client);
  const outcome = forward(client, request);
  if (outcome === "done" && isWellFormed) client.isInTransaction = true;
  return outcome;
}

/** Whose user may not say MULTI has no transaction: only the engine can tell, so nothing is gathered. */
function beginAsPermitted(client: ClientConnection, request: Request): Outcome {
  if (client.inFlight > 0) return "quiet";
  return onDedicated(client, () => {
    const outcome = forwardAsPermitted(client, request, () => {
      client.isInTransaction = false;
    });
    client.isInTransaction = true;
    return outcome;
  });
}

/**
 * EXEC and DISCARD end a transaction and what was watched for it, UNWATCH ends a watch; in the other's place, or with wrong
 * arguments, they do nothing.
 */
export function endTransaction(client: ClientConnection, found: Class, request: Request): Outcome {
  // Whoever is refused EXEC is in no transaction any more either.
  if (!client.isOwnUser && found !== Class.exec) return endAsPermitted(client, found, request);
  const outcome = forward(client, request);
  if (outcome === "done") noteEnd(client, found, request);
  return outcome;
}

/** Whose user may not say it stays where it was. */
function endAsPermitted(client: ClientConnection, found: Class, request: Request): Outcome {
  if (client.inFlight > 0) return "quiet";
  const { isInTransaction, isWatching, isWatchLost } = client;
  const outcome = forwardAsPermitted(client, request, () =>
    Object.assign(client, { isInTransaction, isWatching, isWatchLost }),
  );
  if (outcome === "done") noteEnd(client, found, request);
  return outcome;
}

function noteEnd(client: ClientConnection, found: Class, request: Request): void {
  if (request.argumentCount !== 1 || client.isInTransaction === (found === Class.unwatch)) return;
  client.isInTransaction = false;
  client.isWatching = false;
  client.isWatchLost = false;
}

/** With nothing in flight, so that what is known of the client is right. */
function forwardAsPermitted(client: ClientConnection, request: Request, onRefused: () => void): Outcome {
  const isDropped = client.isMuted || client.skipsNext;
  const outcome = forward(client, request, {
    rewrite(reply) {
      if (reply.subarray(0, notPermitted.length).equals(notPermitted)) onRefused();
      return isDropped ? Buffer.alloc(0) : reply;
    },
  });
  if (outcome === "done") takeMute(client);
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
  return forward(client, ownRequest(spoilingRequest, 1), client.isMuted ? swallow : Buffer.from(error));
}
