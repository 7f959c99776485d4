/** SELECT: another database is another pool, so the gateway answers itself, unless the client has an engine of its own. */
import { encodeError } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import { answer, forwardSticky, takeMute } from "./forward.ts";
import { type Outcome, type Request, wordsOf } from "./request.ts";

const PLUS = 43;

export function selectDatabase(client: ClientConnection, request: Request): Outcome {
  const words = wordsOf(request);
  const text = words[1]?.toString("latin1") ?? "";
  if (words.length !== 2) return answer(client, encodeError("ERR wrong number of arguments for 'select' command"));
  if (!/^-?\d{1,10}$/.test(text)) return answer(client, encodeError("ERR value is not an integer or out of range"));
  const database = Number(text);
  if (database < 0 || database >= (client.cache?.route.databases ?? 1))
    return answer(client, encodeError("ERR DB index is out of range"));
  if (client.dedicated !== null) return selectThere(client, request, database);
  client.database = database;
  client.pool = client.cache?.poolOf(client) ?? null;
  return answer(client, "+OK\r\n");
}

/** The engine may refuse it, to a user of a policy; then the client stays where it is. */
function selectThere(client: ClientConnection, request: Request, database: number): Outcome {
  const isDropped = client.isMuted || client.skipsNext;
  const outcome = forwardSticky(client, request, {
    rewrite(reply) {
      if (reply[0] === PLUS) client.database = database;
      return isDropped ? Buffer.alloc(0) : reply;
    },
  });
  if (outcome === "done") takeMute(client);
  return outcome;
}
