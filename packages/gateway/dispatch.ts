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
import { logIn, resetClient, sayHello } from "./authentication.ts";
import { runClientCommand } from "./client-command.ts";
import type { ClientConnection } from "./client-connection.ts";
import { baseCommandTable, Class } from "./command-classes.ts";
import { answer, awaitEngine, failNow, forward, forwardSticky, onDedicated } from "./forward.ts";
import { beginLargeRequest, passLargeRequest } from "./large-request.ts";
import { limits } from "./limits.ts";
import { counters } from "./metrics.ts";
import { type Outcome, type Request, wordsOf } from "./request.ts";
import { selectDatabase } from "./select-database.ts";
import { changeSubscriptions } from "./subscription-commands.ts";
import { beginTransaction, beginWatch, endTransaction, refuse, refuseInside } from "./transaction.ts";

/** One scanner serves all clients: it keeps nothing between calls. */
const scanner = new RequestScanner();

/** As a number of commands in flight: the client goes on only when it is resumed. */
const never = -1;

const noAuthError = encodeError("NOAUTH Authentication required.");
/** What a client may say before it has logged in. */
const beforeLogIn: readonly Class[] = [Class.auth, Class.hello, Class.quit, Class.reset];

export function processRequests(client: ClientConnection, bytes: Buffer): void {
  let position = 0;
  if (client.stream !== null) {
    position = passLargeRequest(client, bytes, 0);
    if (client.isClosed) return;
  }
  const limit = bytes.length;
  for (;;) {
    if (isBlocked(client)) return client.hold(bytes, position, never);
    position = sendRun(client, bytes, position);
    if (client.isHeld || client.isClosed || position >= limit) return;
    const bounds = client.user === null ? unauthenticatedLimits : authenticatedLimits;
    const found = scanner.scan(bytes, position, limit, bounds);
    switch (found) {
      case Scan.partial:
        return client.keepIncomplete(bytes, position, scanner.needed);
      case Scan.malformed:
        counters.larder_gateway_connections_closed_protocol_error_total++;
        if (client.inFlight > 0) return client.hold(bytes, position, 0);
        return client.fail(`ERR Protocol error: ${scanner.error}`);
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
 * returned, when the client's first command is of another kind or may not go yet.
 */
function sendRun(client: ClientConnection, bytes: Buffer, start: number): number {
  const commands = client.commands;
  const dedicated = client.dedicated;
  const server = dedicated ?? client.pool?.shared ?? null;
  if (server === null || commands === null || client.user === null || client.isMuted || client.skipsNext) return start;
  if (server.state !== "ready") return start;
  const limit = bytes.length;
  const room = client.window - client.inFlight;
  let count = 0;
  let position = start;
  while (count < room) {
    if (position >= limit || scanner.scan(bytes, position, limit, authenticatedLimits) !== Scan.complete) break;
    const offsets = scanner.offsets;
    if (commands.find(bytes, offsets[0] as number, offsets[1] as number) !== Class.shared) break;
    count++;
    position = scanner.end;
  }
  if (count > 0) {
    counters.larder_gateway_commands_total += count;
    if (dedicated !== null) dedicated.send(bytes, start, position, count, null);
    else client.pool?.shared?.send(client, bytes, start, position, count, null);
  }
  if (count >= room && position < limit) client.hold(bytes, position, client.window >> 1);
  return position;
}

/** The client does not take its replies, or the engine its commands: no more of its requests may be read. */
function isBlocked(client: ClientConnection): boolean {
  if (client.outputBytes > limits.clientOutputPauseBytes) return true;
  const server = client.dedicated ?? client.pool?.shared ?? null;
  if (server === null || !server.isFull) return false;
  server.waitForDrain(client);
  return true;
}

function runFound(client: ClientConnection, found: Scan, bytes: Buffer, start: number, end: number): Outcome {
  if (found === Scan.inline) return runInline(client, bytes, start, end);
  const commandClass = findClass(client, bytes);
  if (commandClass === "wait") return awaitEngine(client);
  if (client.user === null && !beforeLogIn.includes(commandClass)) return answer(client, noAuthError);
  if (found === Scan.large) return beginLargeRequest(client, commandClass, bytes, start);
  return runRequest(client, commandClass, { bytes, start, end, argumentCount: scanner.argumentCount });
}

/** An inline line is handled as the array that it stands for. */
function runInline(client: ClientConnection, line: Buffer, start: number, end: number): Outcome {
  if (line[start] === 0x16 && line[start + 1] === 0x03)
    return failNow(client, "ERR Protocol error: this port does not speak TLS");
  const words = parseInline(line.subarray(start, end));
  if (words === undefined) return failNow(client, "ERR Protocol error: unbalanced quotes in request");
  if (words.length === 0) return "done";
  const bytes = encodeRequest(words);
  if (scanner.scan(bytes, 0, bytes.length, authenticatedLimits) !== Scan.complete)
    return failNow(client, "ERR Protocol error: invalid inline request");
  return runFound(client, Scan.complete, bytes, 0, bytes.length);
}

/** "wait" when the engine must be asked first what it can do. Logging in must not depend on it. */
function findClass(client: ClientConnection, bytes: Buffer): Class | "wait" {
  const start = scanner.offsets[0] as number;
  const end = scanner.offsets[1] as number;
  const commands = client.commands;
  const found = (commands ?? baseCommandTable).find(bytes, start, end);
  if (found >= 0) return found as Class;
  if (client.user === null) return Class.refused;
  return commands === null ? "wait" : Class.sticky;
}

function runRequest(client: ClientConnection, found: Class, request: Request): Outcome {
  switch (found) {
    case Class.shared:
      return forward(client, request);
    case Class.blocking:
      return onDedicated(client, () => forward(client, request));
    case Class.blockingStream:
      return hasBlockArgument(request) ? onDedicated(client, () => forward(client, request)) : forward(client, request);
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
    case Class.reset:
    case Class.quit:
      return runWhenQuiet(client, found, request);
    default:
      return client.isInTransaction ? refuseInside(client, found, request) : runWhenQuiet(client, found, request);
  }
}

/** What the gateway answers itself, and what changes how the connection speaks. */
function runWhenQuiet(client: ClientConnection, found: Class, request: Request): Outcome {
  const isSubscribing = found === Class.subscribe || found === Class.unsubscribe;
  if (client.inFlight > 0 && !(isSubscribing && !client.subscriptions.isEmpty)) return "quiet";
  switch (found) {
    case Class.auth:
      return logIn(client, wordsOf(request));
    case Class.hello:
      return sayHello(client, wordsOf(request));
    case Class.select:
      return selectDatabase(client, request);
    case Class.client:
      return runClientCommand(client, request);
    case Class.subscribe:
    case Class.unsubscribe:
      return changeSubscriptions(client, found, request);
    case Class.monitor:
      return beginMonitor(client, request);
    case Class.reset:
      resetClient(client);
      return answer(client, "+RESET\r\n");
    case Class.quit:
      client.reply("+OK\r\n");
      client.endAfterOutput();
      return "stop";
    default:
      throw new Error(`command class ${found} has no path`);
  }
}

/** From its reply on, whatever the engine says passes as it comes. */
function beginMonitor(client: ClientConnection, request: Request): Outcome {
  const outcome = forwardSticky(client, request);
  if (outcome === "done" && client.dedicated !== null) client.dedicated.isRaw = true;
  return outcome;
}

function hasBlockArgument(request: Request): boolean {
  for (const word of wordsOf(request).slice(1)) {
    const text = word.length <= 7 ? word.toString("latin1").toLowerCase() : "";
    if (text === "block") return true;
    if (text === "streams") return false;
  }
  return false;
}
