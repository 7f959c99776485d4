/**
 * What happens to a client's requests: the loop that reads them, and which way each class of command goes.
 *
 * Hot: runs of shared commands are found by index and sent as one copy. Everything else is cold: it waits until it may
 * be handled, and all after it with it, so that at any moment a client's commands are in flight on one server connection
 * only.
 */
import {
  authenticatedLimits,
  encodeError,
  encodeRequest,
  parseInline,
  RequestScanner,
  Scan,
  unauthenticatedLimits,
} from "@larder/resp";
import { becomeNextUser } from "../access/user-change.ts";
import { logIn, resetClient, sayHello } from "../client/authentication.ts";
import type { ClientConnection } from "../client/client-connection.ts";
import { outcomeUnknownError } from "../engine/replay.ts";
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";
import { noSubscriptions } from "../subscriptions/subscriptions.ts";
import { runClientCommand } from "./client-command.ts";
import { runClusterCommand } from "./cluster-command.ts";
import { Class, classOf } from "./command-classes.ts";
import {
  answer,
  awaitEngine,
  chooseLane,
  failProtocol,
  forward,
  forwardBlocking,
  forwardSlow,
  forwardSticky,
  onDedicated,
  takeMute,
} from "./forward.ts";
import { forwardInfo } from "./info-command.ts";
import { beginLargeRequest, passLargeRequest } from "./large-request.ts";
import { ifPermitted } from "./permission.ts";
import { publish } from "./publish-command.ts";
import { queueCommand } from "./queued-transaction.ts";
import { type Outcome, type Request, wordsOf } from "./request.ts";
import { runScriptCommand } from "./script-command.ts";
import { selectDatabase } from "./select-database.ts";
import { changeSubscriptions, noteOwnMessages, restrict } from "./subscription-commands.ts";
import { beginTransaction, beginWatch, endTransaction, refuse, refuseInside } from "./transaction.ts";
import { forwardWait } from "./wait-command.ts";
import { findWholeTransaction } from "./whole-transaction.ts";

/** One scanner serves all clients: it keeps nothing between calls. */
const scanner = new RequestScanner();

/** As a number of commands in flight: the client goes on only when it is resumed. */
const never = -1;

const PLUS = 43;
const noAuthError = encodeError("NOAUTH Authentication required.");
/** What a client may say before it has logged in. */
const beforeLogIn: readonly Class[] = [Class.auth, Class.hello, Class.quit, Class.reset, Class.refused];
/** What a transaction does not queue, whatever else is wrong with it. */
const outsideTransactions: readonly Class[] = [Class.quit, Class.reset, Class.outcomeUnknown];

export function processRequests(client: ClientConnection, bytes: Buffer): void {
  let position = 0;
  if (client.stream !== null) {
    position = passLargeRequest(client, bytes, 0);
    if (client.isClosed) return;
  }
  const limit = bytes.length;
  for (;;) {
    if (client.hasReplay || isBlocked(client)) return client.hold(bytes, position, never);
    // Nothing follows a blocking command to the engine: so it can be taken back from there, alone.
    if (client.blocking !== null) return client.hold(bytes, position, 0);
    position = sendRun(client, bytes, position);
    if (client.isHeld || client.isClosed || position >= limit) return;
    const bounds = client.user === null ? unauthenticatedLimits : authenticatedLimits;
    const found = scanner.scan(bytes, position, limit, bounds);
    switch (found) {
      case Scan.partial:
        return client.keepIncomplete(bytes, position, scanner.needed);
      case Scan.malformed:
        if (failProtocol(client, `ERR Protocol error: ${scanner.error}`) === "quiet") client.hold(bytes, position, 0);
        return;
      case Scan.empty:
        position = scanner.end;
        continue;
      case Scan.inline:
      case Scan.complete:
      case Scan.large: {
        const end = found === Scan.large ? limit : scanner.end;
        const outcome = runFound(client, found, bytes, position, end);
        if (outcome === "quiet") client.hold(bytes, position, 0);
        if (outcome === "wait") client.hold(bytes, position, never);
        if (outcome !== "done") return;
        position = end;
      }
    }
  }
}

/**
 * Sends the run of whole shared commands that begins at `start`, and returns where it ends. Nothing is sent, and `start`
 * returned, when the client's first command is of another kind or may not go yet. A transaction that is wholly there is
 * part of a run like a command.
 */
function sendRun(client: ClientConnection, bytes: Buffer, start: number): number {
  const { commands, dedicated, pool } = client;
  if (commands === null || pool === null || !isPlain(client)) return start;
  if (dedicated === null && !chooseLane(client, false)) {
    client.hold(bytes, start, 0);
    return start;
  }
  const server = dedicated ?? (client.isOnBulkLane ? pool.bulk : pool.fast).connection;
  if (server === null || server.state !== "ready") return start;
  const limit = bytes.length;
  const room = client.window - client.inFlight;
  let count = 0;
  let position = start;
  while (count < room) {
    if (position >= limit || scanner.scan(bytes, position, limit, authenticatedLimits) !== Scan.complete) break;
    const offsets = scanner.offsets;
    const found = classOf(commands.find(bytes, offsets[0] as number, offsets[1] as number));
    if (found !== Class.shared) {
      if (found !== Class.multi || dedicated !== null) break;
      const transaction = findWholeTransaction(commands, bytes, position, {
        room: room - count,
        mayBlock: client.isOwnUser,
      });
      if (transaction === undefined) break;
      count += transaction.count;
      position = transaction.end;
      continue;
    }
    if (scanner.end - position > limits.bulkBytes && dedicated === null && !client.isOnBulkLane) break;
    count++;
    position = scanner.end;
  }
  if (count > 0) {
    counters.larder_gateway_commands_total += count;
    if (server.isShared) server.send(client, bytes, start, position, count, null);
    else server.send(bytes, start, position, count, null);
  }
  if (count >= room && position < limit) client.hold(bytes, position, client.window >> 1);
  return position;
}

/** Nothing about the client needs each of its commands to be looked at. */
function isPlain(client: ClientConnection): boolean {
  const { user, queued, replica, subscriptions } = client;
  if (subscriptions !== noSubscriptions && subscriptions.restricts(client.protocol)) return false;
  return (
    user !== null && queued === null && replica === null && !client.isWatchLost && !client.isMuted && !client.skipsNext
  );
}

/** The client does not take its replies, or the engine its commands: no more of its requests may be read. */
function isBlocked(client: ClientConnection): boolean {
  if (client.outputBytes > limits.clientOutputPauseBytes) return true;
  const { dedicated, pool } = client;
  if (dedicated !== null && client.cache?.isHolding && !client.isInTransaction && client.stream === null) return true;
  const server = dedicated ?? (client.isOnBulkLane ? pool?.bulk : pool?.fast)?.connection;
  if (!server?.isFull) return false;
  server.waitForDrain(client);
  return true;
}

function runFound(client: ClientConnection, found: Scan, bytes: Buffer, start: number, end: number): Outcome {
  if (client.nextUser !== null && !becomeNextUser(client)) return "quiet";
  if (found === Scan.inline) return runInline(client, bytes, start, end);
  const entry = findEntry(client, bytes);
  if (entry === "wait") return client.pool === null ? "wait" : awaitEngine(client, client.pool.fast);
  const commandClass = classOf(entry);
  if (client.user === null && !beforeLogIn.includes(commandClass)) return answer(client, noAuthError);
  if (found === Scan.large && client.subscriptions.restricts(client.protocol)) {
    if (client.inFlight > 0) return "quiet";
    client.subscriptions.isPublishing = false;
    if (client.subscriptions.restricts(client.protocol))
      return failProtocol(client, "ERR Protocol error: request too large for a subscribed client");
  }
  if (found === Scan.large) return beginLargeRequest(client, commandClass, bytes, start);
  const outcome = runRequest(client, { bytes, start, end, argumentCount: scanner.argumentCount, entry });
  if (outcome === "done") noteOwnMessages(client, commandClass);
  return outcome;
}

/** An inline line is handled as the array that it stands for. */
function runInline(client: ClientConnection, line: Buffer, start: number, end: number): Outcome {
  if (line[start] === 0x16 && line[start + 1] === 0x03)
    return failProtocol(client, "ERR Protocol error: this port does not speak TLS");
  const words = parseInline(line.subarray(start, end));
  if (words === undefined) return failProtocol(client, "ERR Protocol error: unbalanced quotes in request");
  if (words.length === 0) return "done";
  const bytes = encodeRequest(words);
  if (scanner.scan(bytes, 0, bytes.length, authenticatedLimits) !== Scan.complete)
    return failProtocol(client, "ERR Protocol error: invalid inline request");
  return runFound(client, Scan.complete, bytes, 0, bytes.length);
}

/** "wait" when the engine must be asked first what it can do. Logging in must not depend on it. */
function findEntry(client: ClientConnection, bytes: Buffer): number | "wait" {
  const start = scanner.offsets[0] as number;
  const end = scanner.offsets[1] as number;
  const commands = client.commands;
  const found = (commands ?? client.cache?.loginCommands)?.find(bytes, start, end) ?? -1;
  if (found >= 0) return found;
  if (client.user === null) return commands === null ? Class.shared : Class.refused;
  return commands === null ? "wait" : Class.sticky;
}

function runRequest(client: ClientConnection, request: Request): Outcome {
  const found = classOf(request.entry);
  if (client.subscriptions !== noSubscriptions) {
    const restricted = restrict(client, request);
    if (restricted !== null) return restricted;
  }
  if (client.queued !== null && !outsideTransactions.includes(found))
    return queueCommand(client, client.queued, request);
  switch (found) {
    case Class.shared:
      return forward(client, request);
    case Class.slow:
      return forwardSlow(client, request);
    case Class.script:
      return runScriptCommand(client, request);
    case Class.publish:
      return publish(client, request);
    case Class.info:
      return forwardInfo(client, request);
    case Class.cluster:
      return runClusterCommand(client, request);
    case Class.blocking:
      return forwardBlocking(client, request);
    case Class.blockingStream:
      return hasBlockArgument(request) ? forwardBlocking(client, request) : forward(client, request);
    case Class.wait:
      return forwardWait(client, request);
    case Class.sticky:
      return forwardSticky(client, request);
    case Class.watch:
      return beginWatch(client, request);
    case Class.multi:
      return beginTransaction(client, request);
    case Class.exec:
    case Class.discard:
    case Class.unwatch:
      return endTransaction(client, found, request);
    case Class.refused:
      return refuse(client, request);
    case Class.outcomeUnknown:
      return answer(client, outcomeUnknownError);
    case Class.reset:
    case Class.quit:
      return runWhenQuiet(client, found, request);
    default:
      return client.isInTransaction ? refuseInside(client, found, request) : runWhenQuiet(client, found, request);
  }
}

/** What the gateway answers itself, and what changes how the connection speaks. */
function runWhenQuiet(client: ClientConnection, found: Class, request: Request): Outcome {
  if (found === Class.subscribe || found === Class.unsubscribe) return changeSubscriptions(client, request);
  if (client.inFlight > 0) return "quiet";
  switch (found) {
    case Class.auth:
      return logIn(client, wordsOf(request));
    case Class.hello:
      return sayHello(client, wordsOf(request));
    case Class.select:
      if (client.dedicated !== null) return selectDatabase(client, request);
      return ifPermitted(client, ["Select", "0"], () => selectDatabase(client, request));
    case Class.client:
      return runClientCommand(client, request);
    case Class.monitor:
      return beginMonitor(client, request);
    case Class.reset:
      resetClient(client);
      return answer(client, "+RESET\r\n");
    case Class.quit:
      client.reply("+OK\r\n");
      client.endAfterOutput("quit");
      return "stop";
    default:
      throw new Error(`command class ${found} has no path`);
  }
}

/** From its reply on, whatever the engine says passes as it comes, unless it is refused. Nothing follows it until that is known. */
function beginMonitor(client: ClientConnection, request: Request): Outcome {
  return onDedicated(client, () => {
    const { dedicated } = client;
    const isDropped = client.isMuted || client.skipsNext;
    client.isSticky = true;
    const outcome = forward(client, request, {
      rewrite(reply) {
        if (dedicated !== null) dedicated.isRaw = reply[0] === PLUS;
        return isDropped ? Buffer.alloc(0) : reply;
      },
    });
    if (outcome !== "done") return outcome;
    takeMute(client);
    client.noteBlocking(request);
    return outcome;
  });
}

/** A key of that name merely costs a dedicated connection; a group of the name STREAMS must not hide the word. */
function hasBlockArgument(request: Request): boolean {
  return wordsOf(request).some((word) => word.length === 5 && word.toString("latin1").toLowerCase() === "block");
}
