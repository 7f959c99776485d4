/**
 * A transaction that arrives command by command, without a WATCH before it. It is gathered here, each command answered
 * with +QUEUED, and goes to the engine at EXEC as one write on a shared connection: a client that thinks between MULTI and
 * EXEC costs the engine nothing.
 *
 * What the engine would say when it queues a command is said here: unknown, refused, wrong number of arguments. Where
 * only the engine can say (subcommands, and whatever changes the connection), and past the limits, the transaction moves
 * to a dedicated connection: what was gathered is sent there, its replies dropped, and it goes on as transaction.ts has it.
 * What an engine refuses for its own state (memory, replicas) then shows as EXECABORT at EXEC.
 */
import { encodeError, encodeRequest } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import { swallow } from "../engine/reply-treatment.ts";
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";
import { bulky, Class, classOf, fitsArity, hasSubcommands, queueable } from "./command-classes.ts";
import { answer, awaitEngine, chooseLane, onDedicated, takeMute } from "./forward.ts";
import { spoilingRequest, unknownCommandText } from "./refused-command.ts";
import { type Outcome, type Request, wordsOf } from "./request.ts";

export interface QueuedTransaction {
  requests: Buffer[];
  bytes: number;
  /** Something in it is slow: it goes on the bulk lane. */
  isSlow: boolean;
  /** An error was answered: EXEC fails. */
  isSpoiled: boolean;
  /** What the client watched was lost in a move: EXEC answers nil, whatever is queued. */
  isWatchLost: boolean;
}

const multi = encodeRequest(["MULTI"]);
const exec = encodeRequest(["EXEC"]);
const abortError = encodeError("EXECABORT Transaction discarded because of previous errors.");

export function beginQueuing(client: ClientConnection): Outcome {
  if (client.inFlight > 0) return "quiet";
  client.queued = { requests: [], bytes: 0, isSlow: false, isSpoiled: false, isWatchLost: client.isWatchLost };
  return answer(client, "+OK\r\n");
}

/** A command between MULTI and EXEC, or one of these. */
export function queueCommand(client: ClientConnection, queued: QueuedTransaction, request: Request): Outcome {
  if (client.inFlight > 0) return "quiet";
  const found = classOf(request.entry);
  if (found === Class.refused) counters.larder_gateway_commands_refused_total++;
  if (found === Class.refused || request.entry === Class.sticky)
    return spoil(client, queued, unknownCommandText(wordsOf(request)));
  if (!fitsArity(request.entry, request.argumentCount)) return spoil(client, queued, arityText(request));
  switch (found) {
    case Class.exec:
      return execute(client, queued);
    case Class.discard:
      client.queued = null;
      client.isWatchLost = false;
      return answer(client, "+OK\r\n");
    case Class.multi:
    case Class.watch:
      return spoil(client, queued, "ERR Command not allowed inside a transaction");
    default:
      if (queued.isWatchLost) return answer(client, "+QUEUED\r\n");
      if (!queueable.includes(found) || hasSubcommands(request.entry) || isFull(queued, request))
        return moveToDedicated(client, queued);
      queued.requests.push(Buffer.from(request.bytes.subarray(request.start, request.end)));
      queued.bytes += request.end - request.start;
      queued.isSlow ||= bulky.includes(found);
      return answer(client, "+QUEUED\r\n");
  }
}

function spoil(client: ClientConnection, queued: QueuedTransaction, error: string): Outcome {
  queued.isSpoiled = true;
  return answer(client, encodeError(error));
}

function isFull(queued: QueuedTransaction, request: Request): boolean {
  return (
    queued.bytes + request.end - request.start > limits.transactionBytesMax ||
    queued.requests.length >= limits.transactionCommandsMax
  );
}

function execute(client: ClientConnection, queued: QueuedTransaction): Outcome {
  const none = client.protocol === 3 ? "_\r\n" : "*-1\r\n";
  if (queued.isSpoiled || queued.isWatchLost || queued.requests.length === 0) {
    client.queued = null;
    client.isWatchLost = false;
    if (queued.isSpoiled) return answer(client, abortError);
    return answer(client, queued.isWatchLost ? none : "*0\r\n");
  }
  const { pool } = client;
  if (pool === null) return "wait";
  chooseLane(client, queued.isSlow || queued.bytes > limits.bulkBytes);
  const lane = client.isOnBulkLane ? pool.bulk : pool.fast;
  if (lane.connection === null) {
    const outcome = awaitEngine(client, lane);
    // It was refused: the transaction is over, and did not run.
    if (outcome === "done") client.queued = null;
    return outcome;
  }
  client.queued = null;
  const body = Buffer.concat([multi, ...queued.requests]);
  lane.connection.send(client, body, 0, body.length, queued.requests.length + 1, swallow);
  lane.connection.send(client, exec, 0, exec.length, 1, takeMute(client));
  counters.larder_gateway_commands_total += queued.requests.length + 2;
  return "done";
}

/** The engine gets what was gathered, and judges the rest itself: the request is looked at again once that is answered. */
export function moveToDedicated(client: ClientConnection, queued: QueuedTransaction): Outcome {
  return onDedicated(client, () => {
    const spoiler = queued.isSpoiled ? [spoilingRequest] : [];
    const body = Buffer.concat([multi, ...queued.requests, ...spoiler]);
    client.dedicated?.send(body, 0, body.length, queued.requests.length + 1 + spoiler.length, swallow);
    client.queued = null;
    client.isInTransaction = true;
    return "quiet";
  });
}

/** As Valkey words it. */
function arityText(request: Request): string {
  const name = wordsOf(request)[0]?.toString("latin1").toLowerCase();
  return `ERR wrong number of arguments for '${name}' command`;
}
