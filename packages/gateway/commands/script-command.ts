/** EVAL, SCRIPT, FUNCTION and their kin: what a move has to know of them, and which way they go. */
import { encodeError } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import { counters } from "../metrics.ts";
import { answer, forward, forwardSlow } from "./forward.ts";
import { type Outcome, type Request, wordsOf } from "./request.ts";

/** What an engine takes while a script runs must not wait behind it. */
const whileBusy = ["kill", "stats"];

export function runScriptCommand(client: ClientConnection, request: Request): Outcome {
  const words = wordsOf(request);
  const [name = "", subcommand = ""] = words.slice(0, 2).map((word) => word.toString("latin1", 0, 32).toLowerCase());
  const isContainer = name === "script" || name === "function";
  if (isContainer && client.cache?.route.refusedCommands.includes(`${name}|${subcommand}`)) {
    counters.larder_gateway_commands_refused_total++;
    return answer(client, encodeError(`ERR unknown subcommand '${subcommand}'. Try ${name.toUpperCase()} HELP.`));
  }
  client.cache?.scripts.note(words);
  return isContainer && whileBusy.includes(subcommand) ? forward(client, request) : forwardSlow(client, request);
}
