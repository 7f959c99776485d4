/** SELECT: another database is another pool, so the gateway answers itself, unless the client has an engine of its own. */
import { encodeError } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import { answer, forwardSticky } from "./forward.ts";
import { type Outcome, type Request, wordsOf } from "./request.ts";

export function selectDatabase(client: ClientConnection, request: Request): Outcome {
  const words = wordsOf(request);
  const text = words[1]?.toString("latin1") ?? "";
  if (words.length !== 2) return answer(client, encodeError("ERR wrong number of arguments for 'select' command"));
  if (!/^-?\d{1,10}$/.test(text)) return answer(client, encodeError("ERR value is not an integer or out of range"));
  const database = Number(text);
  if (database < 0 || database >= (client.cache?.route.databases ?? 1))
    return answer(client, encodeError("ERR DB index is out of range"));
  client.database = database;
  if (client.dedicated !== null) return forwardSticky(client, request);
  client.pool = client.cache?.poolOf(client) ?? null;
  return answer(client, "+OK\r\n");
}
