/**
 * (P|S)SUBSCRIBE and (P|S)UNSUBSCRIBE: passed to the hub of the client's engine user. And what a subscribed client may do
 * besides, which in RESP2 is little, as replies and messages could not be told apart.
 */
import { encodeError } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import { encodeConfirmation } from "../subscriptions/subscription-confirmation.ts";
import { type Kind, noSubscriptions, Subscriptions } from "../subscriptions/subscriptions.ts";
import { Class, classOf, fitsArity, hasSubcommands } from "./command-classes.ts";
import { answer, awaitEngine, forward, takeMute } from "./forward.ts";
import { unknownCommandText } from "./refused-command.ts";
import { type Outcome, type Request, wordsOf } from "./request.ts";

/** With nothing in flight, or, for one more subscription, only such. */
export function changeSubscriptions(client: ClientConnection, request: Request): Outcome {
  const [name, ...words] = wordsOf(request) as [Buffer, ...Buffer[]];
  const command = name.toString("latin1").toLowerCase();
  const names = words.map((word) => word.toString("latin1"));
  return command.includes("un")
    ? unsubscribe(client, command, names)
    : subscribe(client, command as Kind, names, request);
}

function subscribe(client: ClientConnection, kind: Kind, names: string[], request: Request): Outcome {
  const { cache, user, pool, subscriptions } = client;
  if (client.inFlight > subscriptions.changing || subscriptions.isEnding) return "quiet";
  if (names.length === 0) return forward(client, request);
  if (cache === null || user === null || pool === null) return "wait";
  if (pool.fast.connection === null) return awaitEngine(client, pool.fast);
  const hub = cache.fanOut.hub(user.engineUser);
  if (subscriptions === noSubscriptions) client.subscriptions = new Subscriptions(hub);
  else if (subscriptions.hub !== hub) return answer(client, otherUserError);
  const bytes = Buffer.from(request.bytes.subarray(request.start, request.end));
  hub.subscribe(client, { kind, names, isMuted: takeMute(client) !== null }, bytes);
  return "done";
}

const otherUserError = encodeError(
  "ERR what is subscribed to as one user has to be unsubscribed from before subscribing as another",
);

function unsubscribe(client: ClientConnection, command: string, named: string[]): Outcome {
  if (client.inFlight > 0) return "quiet";
  const { subscriptions } = client;
  const kind = command.replace("un", "") as Kind;
  const names = named.length > 0 ? named : [...subscriptions.names(kind)];
  if (subscriptions.hub === null || names.length === 0) return confirmNothing(client, command, names);
  subscriptions.hub.unsubscribe(client, { kind, names, isMuted: takeMute(client) !== null });
  return "done";
}

/** What Redis answers to UNSUBSCRIBE without subscriptions. (Valkey 8.0 says -NOSUB, which later versions took back.) */
function confirmNothing(client: ClientConnection, command: string, names: string[]): Outcome {
  takeMute(client);
  const count = client.subscriptions.confirmedCount(command.replace("un", "") as Kind);
  const texts = (names.length === 0 ? [null] : names).map((name) =>
    encodeConfirmation(client.protocol, { command, name, count }),
  );
  client.push(Buffer.from(texts.join(""), "latin1"));
  return "done";
}

/** What is in the way of a command of a client whose subscriptions restrict it; null when nothing is. */
export function restrict(client: ClientConnection, request: Request): Outcome | null {
  const { subscriptions } = client;
  const found = classOf(request.entry);
  if (subscriptions.changing > 0) return found === Class.subscribe ? null : "quiet";
  if (client.inFlight === 0) subscriptions.isPublishing = false;
  else if (subscriptions.isPublishing && (client.hasMessages || !isQuick(found))) return "quiet";
  if (client.protocol === 3 || subscriptions.isEmpty || allowed.includes(found)) return null;
  const words = wordsOf(request);
  const name = words[0]?.toString("latin1").toLowerCase() ?? "";
  if (found === Class.refused || request.entry === Class.sticky)
    return answer(client, encodeError(unknownCommandText(words)));
  if (!fitsArity(request.entry, words.length))
    return answer(client, encodeError(`ERR wrong number of arguments for '${name}' command`));
  if (name === "ping") return ping(client, words);
  const fullName = hasSubcommands(request.entry) ? words.slice(0, 2).join("|").toLowerCase() : name;
  return answer(
    client,
    encodeError(
      `ERR Can't execute '${fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
    ),
  );
}

/** After a request was sent. What it publishes to the client itself comes behind its reply, as at an engine. */
export function noteOwnMessages(client: ClientConnection, found: Class): void {
  if (client.subscriptions !== noSubscriptions && mayPublish.includes(found)) client.subscriptions.isPublishing = true;
}

const mayPublish: readonly Class[] = [Class.publish, Class.script, Class.exec];

/** Messages may wait for its reply: it does not block. */
function isQuick(found: Class): boolean {
  return found === Class.shared || mayPublish.includes(found);
}

const allowed: readonly Class[] = [Class.subscribe, Class.unsubscribe, Class.quit, Class.reset, Class.outcomeUnknown];

function ping(client: ClientConnection, words: readonly Buffer[]): Outcome {
  if (client.inFlight > 0) return "quiet";
  if (words.length > 2) return answer(client, encodeError("ERR wrong number of arguments for 'ping' command"));
  const text = words[1]?.toString("latin1") ?? "";
  const reply = Buffer.from(`*2\r\n$4\r\npong\r\n$${text.length}\r\n${text}\r\n`, "latin1");
  if (takeMute(client) === null) client.push(reply);
  return "done";
}
