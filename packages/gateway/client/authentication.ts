/**
 * AUTH, HELLO and RESET: who the client is, and how it wants to be spoken to. Answered here, never by an engine.
 *
 * A log-in that takes a while is begun, and its command run again once it is judged; the client's later commands wait behind it.
 * One that fails changes nothing: who is logged in already stays it, as at Valkey, for as long as that log-in lasts.
 */

import type { RouteUser } from "@larder/api";
import { encodeError, encodeReply, encodeRequest, type Protocol } from "@larder/resp";
import { type LoginVerdict, wrongLogin } from "../access/log-ins.ts";
import type { Outcome } from "../commands/request.ts";
import type { DedicatedConnection } from "../engine/dedicated-connection.ts";
import { endpointOf } from "../front/address-text.ts";
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";
import { noSubscriptions } from "../subscriptions/subscriptions.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { LoginAttempt } from "./client-state.ts";

const noPasswordError = encodeError(
  "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
);
const noBytes = Buffer.alloc(0);
const PLUS = 43;

/** AUTH password | AUTH user password. */
export function logIn(client: ClientConnection, words: readonly Buffer[]): Outcome {
  if (words.length < 2) client.reply(encodeError("ERR wrong number of arguments for 'auth' command"));
  else if (words.length > 3) client.reply(encodeError("ERR syntax error"));
  else if (words.length === 2 && client.cache?.users.open !== undefined) client.reply(noPasswordError);
  else {
    const name = words.length === 3 ? (words[1] as Buffer).toString("utf8") : "default";
    const password = words[words.length - 1] as Buffer;
    return authenticate(client, { name, password }, () => {
      client.reply("+OK\r\n");
      return "done";
    });
  }
  return "done";
}

interface Credentials {
  name: string;
  password: Buffer;
}

/** Does `then` once the client is whom it says; answers the refusal otherwise. */
function authenticate(client: ClientConnection, { name, password }: Credentials, then: () => Outcome): Outcome {
  const verdict = client.loginAttempt === null ? begin(client, { name, password }) : client.loginAttempt.verdict;
  if (verdict === null) return "wait";
  client.loginAttempt = null;
  const user = verdict.user === null ? undefined : client.cache?.users.present(verdict.user);
  const refusal = refusalOf(verdict, user);
  client.noteAuthentication(name, refusal?.reason ?? null);
  if (refusal === null) {
    becomeUser(client, user as RouteUser, verdict.user === null ? null : verdict.endsMs);
    return then();
  }
  counters.larder_gateway_authentications_failed_total++;
  client.reply(encodeError(refusal.error));
  if (refusal.isLast !== true) return "done";
  client.endAfterOutput("error");
  return "stop";
}

/** The verdict, or null where it comes later: then the command at the head of the input is run again. */
function begin(client: ClientConnection, { name, password }: Credentials): LoginVerdict | null {
  const { address } = endpointOf(client.remoteAddress);
  const verdict = client.host.judge({
    name,
    password: Buffer.from(password),
    address,
    isTls: client.isTls,
    users: () => client.cache?.users,
  });
  if (!(verdict instanceof Promise)) return verdict;
  const attempt: LoginAttempt = { verdict: null };
  client.loginAttempt = attempt;
  void verdict.then((judged) => {
    attempt.verdict = judged;
    client.resume();
  });
  return null;
}

/** Whom the verdict names may have gone between it and now. */
function refusalOf(verdict: LoginVerdict, user: RouteUser | undefined): (LoginVerdict & { user: null }) | null {
  if (verdict.user === null) return verdict;
  return user === undefined ? wrongLogin : null;
}

/** Where the default user needs no password, whoever connects is that user. */
export function logInWithoutPassword(client: ClientConnection): void {
  const user = client.cache?.users.open;
  if (user === undefined) return;
  client.noteAuthentication(user.name, null);
  becomeUser(client, user, null);
}

function becomeUser(client: ClientConnection, user: RouteUser, endsMs: number | null): void {
  const isOther = client.user !== null && client.user.engineUser !== user.engineUser;
  client.user = user;
  client.nextUser = null;
  client.loginEndsMs = endsMs;
  if (isOther && client.dedicated !== null) becomeOnDedicated(client, client.dedicated);
  client.pool = client.cache?.poolOf(client) ?? null;
}

/** A connection that the client keeps must speak as the new user too, and is nobody else's afterwards. */
function becomeOnDedicated(client: ClientConnection, dedicated: DedicatedConnection): void {
  const { engineUser, enginePassword } = client.user as RouteUser;
  dedicated.isTainted = true;
  const request = encodeRequest(["AUTH", engineUser, enginePassword]);
  dedicated.send(request, 0, request.length, 1, {
    rewrite(reply) {
      // It would go on as the user that it was.
      if (reply[0] !== PLUS) client.close("access");
      return noBytes;
    },
  });
}

interface HelloRequest {
  protocol: Protocol | null;
  credentials: Credentials | null;
  clientName: string | null;
}

/** HELLO [protocol [AUTH user password] [SETNAME name]]. A failed one changes nothing. */
export function sayHello(client: ClientConnection, words: readonly Buffer[]): Outcome {
  const request = parseHello(words);
  if (typeof request === "string") {
    client.reply(encodeError(request));
    return "done";
  }
  if (request.credentials === null) return greet(client, request);
  return authenticate(client, request.credentials, () => greet(client, request));
}

function greet(client: ClientConnection, request: HelloRequest): Outcome {
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
        ["mode", client.cache?.route.isCluster ? "cluster" : "standalone"],
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
  client.nextUser = null;
  client.loginEndsMs = null;
  client.permission = null;
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
