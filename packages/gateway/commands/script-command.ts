/** EVAL, SCRIPT, FUNCTION and their kin: what a move has to know of them, and which way they go. */
import { encodeError } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import { counters } from "../metrics.ts";
import { answer, forward, forwardSlow, takeMute } from "./forward.ts";
import { ifPermitted } from "./permission.ts";
import { type Outcome, type Request, wordsOf } from "./request.ts";

/** What an engine takes while a script runs must not wait behind it. */
const whileBusy = ["kill", "stats"];
/** Which scripts there are. */
const changing = ["load", "flush"];
/** No engine can compile it. */
const noScript = "?";
const MINUS = 45;

export function runScriptCommand(client: ClientConnection, request: Request): Outcome {
  const words = wordsOf(request);
  const [name = "", subcommand = ""] = words.slice(0, 2).map((word) => word.toString("latin1", 0, 32).toLowerCase());
  const isContainer = name === "script" || name === "function";
  if (isContainer && client.cache?.route.refusedCommands.includes(`${name}|${subcommand}`)) {
    counters.larder_gateway_commands_refused_total++;
    return answer(client, encodeError(`ERR unknown subcommand '${subcommand}'. Try ${name.toUpperCase()} HELP.`));
  }
  if (name === "script" && changing.includes(subcommand) && !client.isOwnUser) return noteOnceDone(client, request);
  if (name.startsWith("eval") && !client.isOwnUser) return evaluate(client, request, name);
  client.cache?.scripts.note(words);
  return isContainer && whileBusy.includes(subcommand) ? forward(client, request) : forwardSlow(client, request);
}

/**
 * Of users of policies, who may not be allowed it, or not on such keys: the engine is asked first where the script is a new one. As it
 * sees no script but one that is none, nothing is run by that. Inside a transaction a new one is not remembered.
 */
function evaluate(client: ClientConnection, request: Request, name: string): Outcome {
  const words = wordsOf(request);
  const [, body, count, ...rest] = words;
  const scripts = client.cache?.scripts;
  if (name.startsWith("evalsha") || body === undefined || count === undefined) return forwardSlow(client, request);
  const run = () => {
    scripts?.note(words);
    return forwardSlow(client, request);
  };
  if (scripts?.has(body)) return run();
  if (client.isInTransaction) return forwardSlow(client, request);
  if (client.inFlight > 0) return "quiet";
  return ifPermitted(client, [name, noScript, count, ...rest.slice(0, Number(count) || 0)], run);
}

/** Of users of policies, who may not be allowed it. */
function noteOnceDone(client: ClientConnection, request: Request): Outcome {
  const words = wordsOf(request).map((word) => Buffer.from(word));
  const isDropped = client.isMuted || client.skipsNext;
  const outcome = forwardSlow(client, request, {
    rewrite(reply) {
      if (reply[0] !== MINUS) client.cache?.scripts.note(words);
      return isDropped ? Buffer.alloc(0) : reply;
    },
  });
  if (outcome === "done") takeMute(client);
  return outcome;
}
