/** AUTH, HELLO and RESET: who the client is, and how it wants to be spoken to. Answered here, never by an engine. */

import type { RouteUser } from "@larder/api";
import { encodeError, encodeReply, encodeRequest, type Protocol } from "@larder/resp";
import type { DedicatedConnection } from "../engine/dedicated-connection.ts";
import { swallow } from "../engine/reply-treatment.ts";
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";
import { noSubscriptions } from "../subscriptions/subscriptions.ts";
import type { ClientConnection } from "./client-connection.ts";

const noPasswordError = encodeError(
  "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
);
const wrongPassError = encodeError("WRONGPASS invalid username-password pair or user is disabled.");

/** AUTH password | AUTH user password. */
export function logIn(client: ClientConnection, words: readonly Buffer[]): "done" {
  if (words.length < 2) client.reply(encodeError("ERR wrong number of arguments for 'auth' command"));
  else if (words.length > 3) client.reply(encodeError("ERR syntax error"));
  else if (words.length === 2 && client.cache?.openUser !== undefined) client.reply(noPasswordError);
  else {
    const name = words.length === 3 ? (words[1] as Buffer).toString("utf8") : "default";
    client.reply(authenticate(client, name, words[words.length - 1] as Buffer) ? "+OK\r\n" : wrongPassError);
  }
  return "done";
}

function authenticate(client: ClientConnection, name: string, password: Buffer): boolean {
  const user = client.cache?.authenticate(name, password);
  client.noteAuthentication(name, user !== undefined);
  if (user === undefined) {
    counters.larder_gateway_authentications_failed_total++;
    return false;
  }
  becomeUser(client, user);
  return true;
}

/** Where the default user needs no password, whoever connects is that user. */
export function logInWithoutPassword(client: ClientConnection): void {
  const user = client.cache?.openUser;
  if (user === undefined) return;
  client.noteAuthentication(user.name, true);
  becomeUser(client, user);
}

function becomeUser(client: ClientConnection, user: RouteUser): void {
  const isOther = client.user !== null && client.user.engineUser !== user.engineUser;
  client.user = user;
  if (isOther && client.dedicated !== null) becomeOnDedicated(client.dedicated, user);
  client.pool = client.cache?.poolOf(client) ?? null;
}

/** A connection that the client keeps must speak as the new user too, and is nobody else's afterwards. */
function becomeOnDedicated(dedicated: DedicatedConnection, user: RouteUser): void {
  dedicated.isTainted = true;
  const request = encodeRequest(["AUTH", user.engineUser, user.enginePassword]);
  dedicated.send(request, 0, request.length, 1, swallow);
}

interface HelloRequest {
  protocol: Protocol | null;
  credentials: { name: string; password: Buffer } | null;
  clientName: string | null;
}

/** HELLO [protocol [AUTH user password] [SETNAME name]]. A failed one changes nothing. */
export function sayHello(client: ClientConnection, words: readonly Buffer[]): "done" {
  const request = parseHello(words);
  if (typeof request === "string") {
    client.reply(encodeError(request));
    return "done";
  }
  if (request.credentials !== null && !authenticate(client, request.credentials.name, request.credentials.password)) {
    client.reply(wrongPassError);
    return "done";
  }
  if (client.user === null) {
    client.reply(
      encodeError(
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time",
      ),
    );
    return "done";
  }
  if (request.clientName !== null) client.name = request.clientName;
  changeProtocol(client, request.protocol ?? client.protocol);
  return "done";
}

/** The request, or the text of the error. */
function parseHello(words: readonly Buffer[]): HelloRequest | string {
  const request: HelloRequest = { protocol: null, credentials: null, clientName: null };
  if (words.length === 1) return request;
  const version = (words[1] as Buffer).toString("latin1");
  if (!/^-?\d+$/.test(version)) return "ERR Protocol version is not an integer or out of range";
  if (version !== "2" && version !== "3") return "NOPROTO unsupported protocol version";
  request.protocol = version === "3" ? 3 : 2;
  for (let index = 2; index < words.length; index++) {
    const option = (words[index] as Buffer).toString("latin1");
    const left = words.length - 1 - index;
    if (option.toLowerCase() === "auth" && left >= 2) {
      request.credentials = {
        name: (words[index + 1] as Buffer).toString("utf8"),
        password: words[index + 2] as Buffer,
      };
      index += 2;
    } else if (option.toLowerCase() === "setname" && left >= 1) {
      request.clientName = (words[++index] as Buffer).toString("latin1");
      if (!isClientName(request.clientName))
        return "ERR Client names cannot contain spaces, newlines or special characters.";
    } else {
      return `ERR Syntax error in HELLO option '${option}'`;
    }
  }
  return request;
}

/** A client that has its own server connection keeps it, and the engine must change there too. */
function changeProtocol(client: ClientConnection, protocol: Protocol): void {
  const isChange = protocol !== client.protocol;
  client.protocol = protocol;
  const reply = helloReply(client);
  if (client.dedicated !== null && isChange) {
    client.isSticky = true;
    const request = encodeRequest(["HELLO", String(protocol)]);
    client.dedicated.send(request, 0, request.length, 1, Buffer.from(reply));
    return;
  }
  client.pool = client.cache?.poolOf(client) ?? null;
  client.reply(reply);
}

function helloReply(client: ClientConnection): string {
  const node = client.cache?.route.node;
  return encodeReply(
    {
      map: [
        ["server", "redis"],
        ["version", node?.version ?? "0.0.0"],
        ["proto", client.protocol],
        ["id", client.id],
        ["mode", "standalone"],
        ["role", "master"],
        ["modules", []],
      ],
    },
    client.protocol,
  );
}

/** RESET: as if the connection had just been made. */
export function resetClient(client: ClientConnection): void {
  client.pool?.forget(client);
  client.pool = null;
  client.user = null;
  client.protocol = 2;
  client.database = 0;
  client.isInTransaction = false;
  client.queued = null;
  client.isWatching = false;
  client.isWatchLost = false;
  client.isSticky = false;
  client.isTracking = false;
  client.isNoTouch = false;
  client.isMuted = false;
  client.subscriptions.end(client);
  client.subscriptions = noSubscriptions;
  client.name = "";
  client.window = limits.clientInFlightFirst;
  logInWithoutPassword(client);
}

/** Printable ASCII without spaces, as Valkey wants it. */
export function isClientName(name: string): boolean {
  return /^[!-~]*$/.test(name);
}
