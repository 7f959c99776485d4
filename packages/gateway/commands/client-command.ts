/**
 * CLIENT …: about the clients of this cache as they connected to the gateway, at all its workers, not about the gateway's
 * own connections to the engine. What concerns the state of the client's engine connection (TRACKING and the like) gets
 * one of its own, unless the answer is known without.
 */
import { encodeError, encodeReply, type Protocol } from "@larder/resp";
import { isClientName } from "../client/authentication.ts";
import type { ClientConnection } from "../client/client-connection.ts";
import { describeClient } from "../client/client-description.ts";
import { counters } from "../metrics.ts";
import { encodeText, killClients, listClients, unblockClient } from "./client-lookup.ts";
import { forward, forwardSticky, onDedicated } from "./forward.ts";
import { harmlessCommand, ifPermitted } from "./permission.ts";
import { type Outcome, type Request, wordsOf } from "./request.ts";

/** As COMMAND has them for Valkey 8.0: words of the whole command, negative where more may follow. */
const arities: Record<string, number> = {
  caching: 3, capa: -3, getname: 2, getredir: 2, help: 2, id: 2, info: 2, kill: -3, list: -2, reply: 3, setinfo: 4,
  setname: 3, tracking: -3, trackinginfo: 2, unblock: -3, "import-source": 3, "no-evict": 3, "no-touch": 3, pause: -3,
  unpause: 2,
}; // biome-ignore format: a table

const cachingError =
  "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled";

/** With nothing in flight. */
export function runClientCommand(client: ClientConnection, request: Request): Outcome {
  const words = wordsOf(request);
  if (words.length < 2) return say(client, encodeError("ERR wrong number of arguments for 'client' command"));
  const name = (words[1] as Buffer).toString("latin1").toLowerCase();
  const arity = Object.hasOwn(arities, name) ? (arities[name] as number) : undefined;
  if (arity === undefined || isRefused(client, name)) return refuseSubcommand(client, words[1] as Buffer);
  if (arity >= 0 ? words.length !== arity : words.length < -arity)
    return say(client, encodeError(`ERR wrong number of arguments for 'client|${name}' command`));
  const texts = words.slice(2).map((word) => word.toString("utf8"));
  if (name === "unblock" && texts.length > 2)
    return say(
      client,
      encodeError(`ERR unknown subcommand or wrong number of arguments for '${words[1]}'. Try CLIENT HELP.`),
    );
  return ifPermitted(client, harmlessCommand("Client", name, arity), () => runSubcommand(client, name, texts, request));
}

function runSubcommand(client: ClientConnection, name: string, texts: string[], request: Request): Outcome {
  switch (name) {
    case "capa":
      return say(client, "+OK\r\n");
    case "id":
      return say(client, encodeReply(client.id, client.protocol));
    case "getname":
      return say(client, encodeReply(client.name === "" ? null : client.name, client.protocol));
    case "setname":
      return setName(client, texts[0] as string);
    case "setinfo":
      return setInfo(client, texts as [string, string]);
    case "info":
      return say(client, encodeText(`${describeClient(client, "client|info")}\n`, client.protocol));
    case "list":
      return listClients(client, texts);
    case "kill":
      return killClients(client, texts);
    case "unblock":
      return unblockClient(client, texts);
    case "reply":
      return setReplyMode(client, texts[0] as string);
    case "help":
      return forward(client, request);
    case "pause":
    case "unpause":
      // Past the shared connections, where what it pauses would hold up its end.
      return onDedicated(client, () => forward(client, request));
    default:
      return changeEngineConnection(client, name, texts, request);
  }
}

/** What is a matter of the client's own engine connection. One that has none of its own has nothing set there. */
function changeEngineConnection(client: ClientConnection, name: string, texts: string[], request: Request): Outcome {
  const isOn = texts[0]?.toLowerCase() === "on";
  const isOff = texts[0]?.toLowerCase() === "off";
  switch (name) {
    case "tracking":
      if (texts.some((text) => text.toLowerCase() === "redirect"))
        return say(client, encodeError("ERR CLIENT TRACKING with REDIRECT is not supported by this service"));
      return afterForwarding(forwardSticky(client, request), () => {
        if (isOn || isOff) client.isTracking = isOn;
      });
    case "no-touch":
      if (isOff && !client.isSticky) return say(client, "+OK\r\n");
      if (!isOn && !isOff) return say(client, encodeError("ERR syntax error"));
      return afterForwarding(forwardSticky(client, request), () => {
        client.isNoTouch = isOn;
      });
    case "caching":
      return client.isSticky ? forwardSticky(client, request) : say(client, encodeError(cachingError));
    case "getredir":
      return client.isSticky ? forwardSticky(client, request) : say(client, encodeReply(-1, client.protocol));
    case "trackinginfo":
      return client.isSticky ? forwardSticky(client, request) : say(client, notTracking(client.protocol));
    default:
      return forwardSticky(client, request);
  }
}

function afterForwarding(outcome: Outcome, then: () => void): Outcome {
  if (outcome === "done") then();
  return outcome;
}

function isRefused(client: ClientConnection, name: string): boolean {
  return client.cache?.route.refusedCommands.includes(`client|${name}`) ?? true;
}

function refuseSubcommand(client: ClientConnection, name: Buffer): Outcome {
  counters.larder_gateway_commands_refused_total++;
  return say(client, encodeError(`ERR unknown subcommand '${name.toString("utf8", 0, 128)}'. Try CLIENT HELP.`));
}

function say(client: ClientConnection, reply: string): Outcome {
  client.reply(reply);
  return "done";
}

function setName(client: ClientConnection, name: string): Outcome {
  if (!isClientName(name))
    return say(client, encodeError("ERR Client names cannot contain spaces, newlines or special characters."));
  client.name = name;
  return say(client, "+OK\r\n");
}

function setInfo(client: ClientConnection, [attribute, value]: [string, string]): Outcome {
  const key = attribute.toLowerCase();
  if (key !== "lib-name" && key !== "lib-ver")
    return say(client, encodeError(`ERR Unrecognized option '${attribute}'`));
  if (!isClientName(value))
    return say(client, encodeError(`ERR ${attribute} cannot contain spaces, newlines or special characters.`));
  if (key === "lib-name") client.libraryName = value;
  else client.libraryVersion = value;
  return say(client, "+OK\r\n");
}

function setReplyMode(client: ClientConnection, mode: string): Outcome {
  switch (mode.toLowerCase()) {
    case "on":
      client.isMuted = false;
      client.skipsNext = false;
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

function notTracking(protocol: Protocol): string {
  const flags = protocol === 3 ? "~1\r\n$3\r\noff\r\n" : "*1\r\n$3\r\noff\r\n";
  const pairs = `$5\r\nflags\r\n${flags}$8\r\nredirect\r\n:-1\r\n$8\r\nprefixes\r\n*0\r\n`;
  return protocol === 3 ? `%3\r\n${pairs}` : `*6\r\n${pairs}`;
}
