/** CLIENT LIST, KILL and UNBLOCK: about other clients, which may be at any worker. */
import { encodeError, encodeReply, encodeRequest, type Protocol } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import { describeClient, filteredOf } from "../client/client-description.ts";
import {
  type ClientFilter,
  parseInteger,
  parseKillOptions,
  parseListOptions,
  passes,
} from "../client/client-filter.ts";
import type { ListedClient } from "../workers/worker-messages.ts";
import { askWorkers } from "./client-inquiry.ts";
import { forward } from "./forward.ts";
import { type Outcome, ownRequest } from "./request.ts";

export function listClients(client: ClientConnection, options: string[]): Outcome {
  const filter = parseListOptions(options);
  if ("error" in filter) return say(client, encodeError(filter.error));
  return askWorkers(client, { kind: "list", cacheId: cacheIdOf(client), filter }, (answers) => {
    const found = answers.flat().map((each) => (each.id === client.id ? ownEntry(client) : each));
    const text = inOrder(found, filter).map(({ line }) => `${line}\n`);
    return say(client, encodeText(text.join(""), client.protocol));
  });
}

/** By id; as they were asked for where they were. */
function inOrder(found: ListedClient[], { ids }: ClientFilter): ListedClient[] {
  if (ids === null) return found.sort((a, b) => a.id - b.id);
  const byId = new Map(found.map((each) => [each.id, each]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

function ownEntry(client: ClientConnection): ListedClient {
  return { id: client.id, line: describeClient(client, "client|list") };
}

/** With one word, the address of the old form, it says whether there was such a client; else how many were closed. */
export function killClients(client: ClientConnection, options: string[]): Outcome {
  const users = [...(client.cache?.users.names() ?? [])];
  const filter = parseKillOptions(options, { own: client.id, users });
  if ("error" in filter) return say(client, encodeError(filter.error));
  const question = { kind: "kill", cacheId: cacheIdOf(client), filter, asker: client.id } as const;
  return askWorkers(client, question, (answers) => {
    const count = answers.reduce((sum, each) => sum + each, 0);
    if (options.length > 1) client.reply(encodeReply(count, client.protocol));
    else client.reply(count === 0 ? encodeError("ERR No such client") : "+OK\r\n");
    if (!passes(filteredOf(client), filter)) return "done";
    client.endAfterOutput("killed");
    return "stop";
  });
}

/** The engine knows the blocked client by the id of its dedicated connection, whichever worker has that. */
export function unblockClient(client: ClientConnection, [id = "", mode = "TIMEOUT"]: string[]): Outcome {
  if (!/^(timeout|error)$/i.test(mode))
    return say(client, encodeError("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"));
  const wanted = parseInteger(id);
  if (wanted === undefined) return say(client, encodeError("ERR value is not an integer or out of range"));
  return askWorkers(client, { kind: "blocked", cacheId: cacheIdOf(client), id: wanted }, (answers) => {
    const engineId = Math.max(...answers);
    if (engineId === 0) return say(client, encodeReply(0, client.protocol));
    const words = ["CLIENT", "UNBLOCK", String(engineId), mode];
    return forward(client, ownRequest(encodeRequest(words), words.length));
  });
}

/** Text that a RESP3 client is told to show as it is. */
export function encodeText(text: string, protocol: Protocol): string {
  return protocol === 3 ? `=${Buffer.byteLength(text) + 4}\r\ntxt:${text}\r\n` : encodeReply(text, protocol);
}

function cacheIdOf(client: ClientConnection): string {
  return client.cache?.route.cacheId ?? "";
}

function say(client: ClientConnection, reply: string): Outcome {
  client.reply(reply);
  return "done";
}
