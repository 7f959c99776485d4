/**
 * What happens to a client's requests: the loop that reads them, and the path of each class of command.
 *
 * Hot: runs of shared commands are found by index and sent as one copy. Everything else is cold: it waits until it may
 * be handled ("hold" keeps it and all after it), so that at any moment a client's commands are in flight on one server
 * connection only.
 */
import {
  authenticatedLimits,
  collectArguments,
  encodeError,
  encodeRequest,
  inlineBytesMax,
  parseInline,
  ReplyScanner,
  RequestScanner,
  Scan,
  unauthenticatedLimits,
} from "@larder/resp";
import { logIn, resetClient, sayHello } from "./authentication.ts";
import { runClientCommand } from "./client-command.ts";
import type { ClientConnection } from "./client-connection.ts";
import { baseCommandTable, Class } from "./command-classes.ts";
import { unavailableError } from "./engine-pool.ts";
import { limits } from "./limits.ts";
import { counters } from "./metrics.ts";
import { swallow, type Treatment } from "./reply-queue.ts";
import { Subscriptions } from "./subscriptions.ts";

/** One scanner serves all clients: it keeps nothing between calls. */
const scanner = new RequestScanner();

/**
 * done   go on with the next request
 * quiet  nothing was done: try again when nothing of the client is in flight
 * wait   nothing was done: try again when somebody resumes the client
 * stop   the connection is ending
 */
export type Outcome = "done" | "quiet" | "wait" | "stop";

/** As a number of commands in flight: the client goes on only when it is resumed. */
const never = -1;

const noAuthError = encodeError("NOAUTH Authentication required.");

export function processRequests(client: ClientConnection, bytes: Buffer): void {
  let position = 0;
  if (client.stream !== null) {
    position = passStream(client, bytes, 0);
    if (client.isClosed || position >= bytes.length) return;
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
        return failWhenQuiet(client, bytes, position, `ERR Protocol error: ${scanner.error}`);
      case Scan.empty:
        position = scanner.end;
        continue;
      case Scan.inline:
      case Scan.complete:
      case Scan.large: {
        const end = found === Scan.large ? limit : scanner.end;
        const outcome =
          found === Scan.inline
            ? runInline(client, bytes, position, end)
            : found === Scan.complete
              ? runRequest(client, bytes, position, end)
              : startStream(client, bytes, position);
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

/** An inline line is handled as the array that it stands for. */
function runInline(client: ClientConnection, bytes: Buffer, start: number, end: number): Outcome {
  if (bytes[start] === 0x16 && bytes[start + 1] === 0x03)
    return failNow(client, "ERR Protocol error: this port does not speak TLS");
  const words = parseInline(bytes.subarray(start, end));
  if (words === undefined)
    return client.inFlight > 0 ? "quiet" : failNow(client, "ERR Protocol error: unbalanced quotes in request");
  if (words.length === 0) return "done";
  const request = encodeRequest(words);
  if (
    scanner.scan(request, 0, request.length, { ...authenticatedLimits, largeBytes: inlineBytesMax * 2 }) !==
    Scan.complete
  ) {
    return failNow(client, "ERR Protocol error: invalid inline request");
  }
  return runRequest(client, request, 0, request.length);
}

/** One whole request of any class; the scanner holds its offsets. */
function runRequest(client: ClientConnection, bytes: Buffer, start: number, end: number): Outcome {
  const found = findClass(client, bytes);
  if (found === "wait") return awaitEngine(client);
  if (
    client.user === null &&
    found !== Class.auth &&
    found !== Class.hello &&
    found !== Class.quit &&
    found !== Class.reset
  ) {
    client.reply(noAuthError);
    return "done";
  }
  switch (found) {
    case Class.shared:
      return forward(client, bytes, start, end, 1);
    case Class.blocking:
      return onDedicated(client, () => forward(client, bytes, start, end, 1));
    case Class.blockingStream:
      return hasBlockArgument(bytes, start)
        ? onDedicated(client, () => forward(client, bytes, start, end, 1))
        : forward(client, bytes, start, end, 1);
    case Class.sticky:
      return onDedicated(client, () => {
        client.isSticky = true;
        return forward(client, bytes, start, end, 1);
      });
    case Class.watch:
      return onDedicated(client, () => {
        client.isWatching = true;
        return forward(client, bytes, start, end, 1);
      });
    case Class.multi:
      return onDedicated(client, () => {
        if (scanner.argumentCount === 1) client.isInTransaction = true;
        return forward(client, bytes, start, end, 1);
      });
    case Class.exec:
    case Class.discard:
    case Class.unwatch:
      return endTransaction(client, found, bytes, start, end);
    case Class.refused:
      return refuse(client, bytes, start);
    default:
      if (client.isInTransaction && found !== Class.reset && found !== Class.quit)
        return refuseInTransaction(client, bytes, start, found, end);
      return runWhenQuiet(client, found, bytes, start, end);
  }
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

/** Sends one request to where the client's commands go, or holds it until that is there. */
function forward(
  client: ClientConnection,
  bytes: Buffer,
  start: number,
  end: number,
  count: number,
  treatment: Treatment = null,
): Outcome {
  const dedicated = client.dedicated;
  if (client.inFlight >= client.window && client.inFlight > 0) return "quiet";
  const applied: Treatment = treatment ?? takeMute(client);
  if (dedicated !== null) {
    if (dedicated.state !== "ready") return "wait";
    counters.larder_gateway_commands_dedicated_total++;
    dedicated.send(bytes, start, end, count, applied);
  } else {
    const shared = client.pool?.shared ?? null;
    if (shared === null) return awaitEngine(client);
    counters.larder_gateway_commands_total++;
    shared.send(client, bytes, start, end, count, applied);
  }
  return "done";
}

function takeMute(client: ClientConnection): Treatment {
  if (client.isMuted) return swallow;
  if (!client.skipsNext) return null;
  client.skipsNext = false;
  return swallow;
}

/** The engine is away: the client waits for it, or is told when that has taken too long. */
function awaitEngine(client: ClientConnection): Outcome {
  const pool = client.pool;
  if (pool === null) return failNow(client, unavailableError());
  if (pool.isUnavailable) {
    pool.ensure();
    if (client.inFlight > 0) return "quiet";
    client.reply(encodeError(unavailableError()));
    return "done";
  }
  pool.wait(client);
  return "wait";
}

/** Runs `action` once the client has a dedicated connection that is ready, and nothing in flight elsewhere. */
function onDedicated(client: ClientConnection, action: () => Outcome): Outcome {
  if (client.dedicated === null) {
    if (client.inFlight > 0) return "quiet";
    if (client.pool === null || client.pool.shared === null) return awaitEngine(client);
    client.pool.lend(client);
  }
  const dedicated = client.dedicated as ClientConnection["dedicated"];
  if (dedicated === null || dedicated.state !== "ready") return "wait";
  return action();
}

/** EXEC and DISCARD end a transaction and a watch, UNWATCH only a watch; with wrong arguments they do nothing. */
function endTransaction(client: ClientConnection, found: Class, bytes: Buffer, start: number, end: number): Outcome {
  const outcome = forward(client, bytes, start, end, 1);
  if (outcome !== "done" || scanner.argumentCount !== 1) return outcome;
  if (found === Class.unwatch) {
    if (!client.isInTransaction) client.isWatching = false;
  } else {
    client.isInTransaction = false;
    client.isWatching = false;
  }
  return outcome;
}

/** Within a transaction the engine must learn of it, so that EXEC fails as it would have done: ACLs refuse it there too. */
function refuse(client: ClientConnection, bytes: Buffer, start: number): Outcome {
  const error = encodeError(unknownCommandText(collectArguments(bytes, start)));
  counters.larder_gateway_commands_refused_total++;
  if (client.isInTransaction) return spoilTransaction(client, error);
  if (client.inFlight > 0) return "quiet";
  client.reply(error);
  return "done";
}

/** As Valkey words it. */
function unknownCommandText(words: readonly Buffer[]): string {
  const shown = words.slice(1, 17).map((word) => `'${word.toString("utf8", 0, 128)}' `);
  return `ERR unknown command '${words[0]?.toString("utf8", 0, 128)}', with args beginning with: ${shown.join("")}`;
}

const noSuchCommand = encodeRequest(["LARDER.REFUSED"]);

function spoilTransaction(client: ClientConnection, error: string): Outcome {
  return forward(client, noSuchCommand, 0, noSuchCommand.length, 1, client.isMuted ? swallow : Buffer.from(error));
}

/** SELECT is queued like others; what would change the client's own connection is not possible inside a transaction. */
function refuseInTransaction(
  client: ClientConnection,
  bytes: Buffer,
  start: number,
  found: Class,
  end: number,
): Outcome {
  if (found === Class.select) {
    client.isSticky = true;
    return forward(client, bytes, start, end, 1);
  }
  const name = collectArguments(bytes, start)[0]?.toString("latin1").toUpperCase();
  return spoilTransaction(client, encodeError(`ERR ${name} inside MULTI is not supported by this service`));
}

/** What the gateway answers itself, and what changes how the connection speaks: with nothing in flight. */
function runWhenQuiet(client: ClientConnection, found: Class, bytes: Buffer, start: number, end: number): Outcome {
  const isSubscribing = found === Class.subscribe || found === Class.unsubscribe;
  if (client.inFlight > 0 && !(isSubscribing && !client.subscriptions.isEmpty)) return "quiet";
  const words = collectArguments(bytes, start);
  const whole = () => forward(client, bytes, start, end, 1);
  switch (found) {
    case Class.auth:
      return logIn(client, words);
    case Class.hello:
      return sayHello(client, words);
    case Class.select:
      return selectDatabase(client, words, whole);
    case Class.client:
      return runClientCommand(client, words, {
        sticky: () =>
          onDedicated(client, () => {
            client.isSticky = true;
            return whole();
          }),
        forward: whole,
        send: (request) => forward(client, request, 0, request.length, 1),
      });
    case Class.subscribe:
    case Class.unsubscribe:
      return changeSubscriptions(client, found, words, bytes, start, end);
    case Class.monitor:
      return onDedicated(client, () => {
        client.isSticky = true;
        const outcome = whole();
        if (client.dedicated) client.dedicated.isRaw = true;
        return outcome;
      });
    case Class.reset:
      resetClient(client);
      client.reply("+RESET\r\n");
      return "done";
    case Class.quit:
      client.reply("+OK\r\n");
      client.endAfterOutput();
      return "stop";
    default:
      return failNow(client, "ERR internal error: a command class without a path");
  }
}

function selectDatabase(client: ClientConnection, words: readonly Buffer[], forwardWhole: () => Outcome): Outcome {
  const text = words[1]?.toString("latin1") ?? "";
  if (words.length !== 2) client.reply(encodeError("ERR wrong number of arguments for 'select' command"));
  else if (!/^-?\d{1,10}$/.test(text)) client.reply(encodeError("ERR value is not an integer or out of range"));
  else if (Number(text) < 0 || Number(text) >= (client.cache?.route.databases ?? 1))
    client.reply(encodeError("ERR DB index is out of range"));
  else if (client.dedicated !== null) {
    client.isSticky = true;
    client.database = Number(text);
    return forwardWhole();
  } else {
    client.database = Number(text);
    client.pool = client.cache?.pool(client.database, client.protocol) ?? null;
    client.reply("+OK\r\n");
  }
  return "done";
}

function changeSubscriptions(
  client: ClientConnection,
  found: Class,
  words: Buffer[],
  bytes: Buffer,
  start: number,
  end: number,
): Outcome {
  const command = (words[0] as Buffer).toString("latin1").toLowerCase();
  const channels = words.slice(1);
  if (found === Class.subscribe && channels.length === 0) return forward(client, bytes, start, end, 1);
  if (found === Class.unsubscribe && client.subscriptions.isEmpty && client.dedicated === null) {
    confirmNothing(client, command, channels);
    return "done";
  }
  return onDedicated(client, () => {
    const dedicated = client.dedicated;
    if (dedicated === null) return "wait";
    if (found === Class.subscribe && client.subscriptions.isEmpty) client.subscriptions = new Subscriptions();
    const { subscriptions } = client;
    const confirmations =
      found === Class.subscribe ? subscriptions.add(command, channels) : subscriptions.remove(command, channels);
    dedicated.isTainted = true;
    dedicated.expect(confirmations, null, true);
    dedicated.append(bytes, start, end);
    counters.larder_gateway_commands_dedicated_total++;
    return "done";
  });
}

/** What Redis answers to UNSUBSCRIBE without subscriptions. (Valkey 8.0 says -NOSUB, which later versions took back.) */
function confirmNothing(client: ClientConnection, command: string, channels: readonly Buffer[]): void {
  const aggregate = client.protocol === 3 ? ">" : "*";
  const none = client.protocol === 3 ? "_\r\n" : "$-1\r\n";
  const names =
    channels.length === 0 ? [none] : channels.map((each) => `$${each.length}\r\n${each.toString("latin1")}\r\n`);
  const text = names.map((name) => `${aggregate}3\r\n$${command.length}\r\n${command}\r\n${name}:0\r\n`).join("");
  if (client.isMuted) return;
  const bytes = Buffer.from(text, "latin1");
  client.deliver(bytes, 0, bytes.length);
}

function hasBlockArgument(bytes: Buffer, start: number): boolean {
  for (const word of collectArguments(bytes, start).slice(1)) {
    const text = word.length <= 7 ? word.toString("latin1").toLowerCase() : "";
    if (text === "block") return true;
    if (text === "streams") return false;
  }
  return false;
}

// ── large requests ───────────────────────────────────────────────────────────────────────────────────────────────────

/** A request that is too large to be kept passes as it comes, on a connection of its own. */
function startStream(client: ClientConnection, bytes: Buffer, start: number): Outcome {
  const found = findClass(client, bytes);
  if (found === "wait") return awaitEngine(client);
  const isForwarded =
    found === Class.shared || found === Class.blocking || found === Class.sticky || found === Class.blockingStream;
  if (!isForwarded) return failNow(client, "ERR Protocol error: request too large for this command");
  return onDedicated(client, () => {
    if (found === Class.sticky) client.isSticky = true;
    client.stream = new ReplyScanner(authenticatedLimits.bulkBytesMax);
    counters.larder_gateway_commands_dedicated_total++;
    client.dedicated?.expect(1, takeMute(client));
    passStream(client, bytes, start);
    return client.isClosed ? "stop" : "done";
  });
}

/** Passes on what has come of the large request, and returns where it ends, or the end of the bytes. */
function passStream(client: ClientConnection, bytes: Buffer, start: number): number {
  const { dedicated, stream } = client;
  if (dedicated === null || stream === null) return start;
  const end = stream.next(bytes, start, bytes.length);
  if (stream.malformed) {
    client.pool?.forget(client);
    client.fail("ERR Protocol error: invalid bulk length");
    return bytes.length;
  }
  dedicated.append(bytes, start, end);
  if (stream.complete) client.stream = null;
  else if (dedicated.isFull) {
    client.hold(bytes, end, never);
    dedicated.waitForDrain(client);
  }
  return end;
}

// ── ends ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

function failNow(client: ClientConnection, error: string): Outcome {
  client.fail(error);
  return "stop";
}

/** The replies to what was asked before come first. */
function failWhenQuiet(client: ClientConnection, bytes: Buffer, position: number, error: string): void {
  if (client.inFlight > 0) client.hold(bytes, position, 0);
  else client.fail(error);
}
