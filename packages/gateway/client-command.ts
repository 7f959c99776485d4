/**
 * CLIENT …: about the clients of this cache as they connected to the gateway, not about the gateway's own connections to
 * the engine. What concerns the state of the client's engine connection (TRACKING and the like) gets one of its own.
 */
import { encodeError, encodeReply, encodeRequest } from "@larder/resp";
import { isClientName } from "./authentication.ts";
import type { ClientConnection } from "./client-connection.ts";
import { forward, forwardSticky } from "./forward.ts";
import { counters } from "./metrics.ts";
import { type Outcome, ownRequest, type Request, wordsOf } from "./request.ts";

/** With nothing in flight. */
export function runClientCommand(client: ClientConnection, request: Request): Outcome {
  const words = wordsOf(request);
  const name = words[1]?.toString("latin1").toLowerCase() ?? "";
  const texts = words.slice(2).map((word) => word.toString("latin1"));
  switch (name) {
    case "":
      return say(client, encodeError("ERR wrong number of arguments for 'client' command"));
    case "id":
      return say(client, encodeReply(client.id, client.protocol));
    case "getname":
      return say(client, encodeReply(client.name === "" ? null : client.name, client.protocol));
    case "setname":
      return setName(client, texts);
    case "setinfo":
      return setInfo(client, texts);
    case "info":
      return say(client, encodeReply(`${describe(client)}\n`, client.protocol));
    case "list":
      return list(client, texts);
    case "kill":
      return kill(client, texts);
    case "reply":
      return setReplyMode(client, texts);
    case "unblock":
      return unblock(client, texts);
    case "tracking":
      if (texts.some((text) => text.toLowerCase() === "redirect")) {
        return say(client, encodeError("ERR CLIENT TRACKING with REDIRECT is not supported by this service"));
      }
      return forwardSticky(client, request);
    case "caching":
    case "getredir":
    case "no-touch":
    case "trackinginfo":
      return forwardSticky(client, request);
    case "help":
      return forward(client, request);
    default:
      counters.larder_gateway_commands_refused_total++;
      return say(
        client,
        encodeError(`ERR unknown subcommand '${words[1]?.toString("utf8", 0, 128)}'. Try CLIENT HELP.`),
      );
  }
}

function say(client: ClientConnection, reply: string): Outcome {
  client.reply(reply);
  return "done";
}

function setName(client: ClientConnection, texts: string[]): Outcome {
  if (texts.length !== 1) return say(client, encodeError("ERR wrong number of arguments for 'client|setname' command"));
  const name = texts[0] as string;
  if (!isClientName(name))
    return say(client, encodeError("ERR Client names cannot contain spaces, newlines or special characters."));
  client.name = name;
  return say(client, "+OK\r\n");
}

function setInfo(client: ClientConnection, texts: string[]): Outcome {
  if (texts.length !== 2) return say(client, encodeError("ERR wrong number of arguments for 'client|setinfo' command"));
  const [attribute, value] = texts as [string, string];
  const key = attribute.toLowerCase();
  if (key !== "lib-name" && key !== "lib-ver")
    return say(client, encodeError(`ERR Unrecognized option '${attribute}'`));
  if (!isClientName(value))
    return say(client, encodeError(`ERR ${key} cannot contain spaces, newlines or special characters.`));
  if (key === "lib-name") client.libraryName = value;
  else client.libraryVersion = value;
  return say(client, "+OK\r\n");
}

function setReplyMode(client: ClientConnection, texts: string[]): Outcome {
  switch (texts[0]?.toLowerCase()) {
    case "on":
      client.isMuted = false;
      return say(client, "+OK\r\n");
    case "off":
      client.isMuted = true;
      return "done";
    case "skip":
      client.skipsNext = !client.isMuted;
      return "done";
    default:
      return say(client, encodeError("ERR syntax error"));
  }
}

/** Filters that all must hold; null where the arguments make no sense. */
type Filter = (client: ClientConnection) => boolean;

const filters: Record<string, (value: string) => Filter> = {
  addr: (value) => (client) => addressOf(client) === value,
  laddr: (value) => (client) => localAddressOf(client) === value,
  id: (value) => (client) => value.split(",").includes(String(client.id)),
  type: (value) => (client) => kindOf(client) === value.toLowerCase(),
  user: (value) => (client) => client.user?.name === value,
};

function parseFilters(texts: readonly string[]): Filter[] | null {
  const found: Filter[] = [];
  for (let index = 0; index < texts.length; index += 2) {
    const make = filters[(texts[index] as string).toLowerCase()];
    const value = texts[index + 1];
    if (make === undefined || value === undefined) return null;
    found.push(make(value));
  }
  return found;
}

function list(client: ClientConnection, texts: string[]): Outcome {
  const isIdList = texts[0]?.toLowerCase() === "id";
  const wanted = parseFilters(isIdList ? ["id", texts.slice(1).join(",")] : texts);
  if (wanted === null) return say(client, encodeError("ERR syntax error"));
  const lines = [...(client.cache?.clients.values() ?? [])]
    .filter((each) => each.user !== null && wanted.every((filter) => filter(each)))
    .map((each) => `${describe(each)}\n`);
  return say(client, encodeReply(lines.join(""), client.protocol));
}

/** CLIENT KILL addr (the old form) | filters with SKIPME. */
function kill(client: ClientConnection, texts: string[]): Outcome {
  const isOldForm = texts.length === 1;
  const pairs = isOldForm ? ["addr", texts[0] as string] : texts;
  const skipAt = pairs.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === "skipme");
  const skipsSelf = !isOldForm && (skipAt < 0 || pairs[skipAt + 1]?.toLowerCase() === "yes");
  const wanted = parseFilters(
    skipAt < 0 ? pairs : pairs.filter((_, index) => index !== skipAt && index !== skipAt + 1),
  );
  if (wanted === null || texts.length === 0) return say(client, encodeError("ERR syntax error"));
  const killed = [...(client.cache?.clients.values() ?? [])].filter(
    (each) => !(skipsSelf && each === client) && wanted.every((filter) => filter(each)),
  );
  if (isOldForm && killed.length === 0) return say(client, encodeError("ERR No such client"));
  const isSuicide = killed.includes(client);
  for (const each of killed) if (each !== client) each.close();
  say(client, isOldForm ? "+OK\r\n" : encodeReply(killed.length, client.protocol));
  if (!isSuicide) return "done";
  client.endAfterOutput();
  return "stop";
}

/** The engine knows the blocked client by the id of its dedicated connection. */
function unblock(client: ClientConnection, texts: string[]): Outcome {
  const [id, mode = "TIMEOUT"] = texts;
  if (id === undefined || !/^\d+$/.test(id))
    return say(client, encodeError("ERR value is not an integer or out of range"));
  if (!/^(timeout|error)$/i.test(mode))
    return say(client, encodeError("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"));
  const blocked = client.cache?.clients.get(Number(id))?.dedicated ?? null;
  if (blocked === null || blocked.engineClientId === 0) return say(client, encodeReply(0, client.protocol));
  const words = ["CLIENT", "UNBLOCK", String(blocked.engineClientId), mode];
  return forward(client, ownRequest(encodeRequest(words), words.length));
}

/** The line of CLIENT LIST. Fields that only an engine knows are left out. */
function describe(client: ClientConnection): string {
  const now = client.nowMs();
  const counts = client.subscriptions;
  return [
    `id=${client.id}`,
    `addr=${addressOf(client)}`,
    `laddr=${localAddressOf(client)}`,
    `name=${client.name}`,
    `age=${Math.floor((now - client.connectedMs) / 1000)}`,
    `idle=${Math.floor((now - client.lastActiveMs) / 1000)}`,
    `flags=${flagsOf(client)}`,
    `db=${client.database}`,
    `sub=${counts.count("subscribe")}`,
    `psub=${counts.count("psubscribe")}`,
    `ssub=${counts.count("ssubscribe")}`,
    `multi=${client.isInTransaction ? 0 : -1}`,
    `omem=${client.outputBytes}`,
    `user=${client.user?.name ?? ""}`,
    `lib-name=${client.libraryName}`,
    `lib-ver=${client.libraryVersion}`,
    `resp=${client.protocol}`,
  ].join(" ");
}

function flagsOf(client: ClientConnection): string {
  const flags = [
    client.dedicated?.isRaw ? "O" : "",
    client.subscriptions.isEmpty ? "" : "P",
    client.isInTransaction ? "x" : "",
  ].join("");
  return flags === "" ? "N" : flags;
}

function kindOf(client: ClientConnection): string {
  return client.subscriptions.isEmpty ? "normal" : "pubsub";
}

function addressOf(client: ClientConnection): string {
  return `${client.socket.remoteAddress}:${client.socket.remotePort}`;
}

function localAddressOf(client: ClientConnection): string {
  return `${client.socket.localAddress}:${client.socket.localPort}`;
}
