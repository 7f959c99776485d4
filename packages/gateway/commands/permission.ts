/**
 * What the gateway answers in the engine's place, it asks the engine first: whether the client's user may say such a thing. Users of access
 * keys may, all of it. Of others the engine is asked, as that user, with a command of the same name that does nothing; its words are
 * the answer where it says no. Nothing is remembered, as policies change at any time.
 */
import { encodeError, ReplyError } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import { unavailableError } from "../engine/engine-pool.ts";
import { answer, awaitEngine } from "./forward.ts";
import type { Outcome } from "./request.ts";

/** Under way for the command at the head of the client's input. */
export interface PermissionQuestion {
  /** "" where the user may; null until the engine has answered. */
  refusal: string | null;
}

/** Stands for an argument: no subcommand that is asked about does anything with it that another client could notice. */
const filler = "?";

/** Runs the command at the head of the input if the user may say `words`: asked before it, perhaps twice. With nothing in flight. */
export function ifPermitted(
  client: ClientConnection,
  words: readonly (string | Buffer)[],
  run: () => Outcome,
): Outcome {
  const { cache, user, pool } = client;
  if (cache === null || user === null || cache.isOwnUser(user)) return run();
  const begun = client.permission;
  if (begun !== null) {
    if (begun.refusal === null) return "wait";
    client.permission = null;
    return begun.refusal === "" ? run() : answer(client, encodeError(begun.refusal));
  }
  if (pool === null) return "wait";
  if (pool.fast.connection === null) return awaitEngine(client, pool.fast);
  const question: PermissionQuestion = { refusal: null };
  client.permission = question;
  void cache.askAs(user, words).then((reply) => {
    question.refusal = reply === undefined ? unavailableError() : refusalIn(reply);
    client.resume();
  });
  return "wait";
}

/** `arity` as COMMAND has it. */
export function harmlessCommand(command: "Client" | "Cluster", subcommand: string, arity: number): string[] {
  const fillers = Math.max(Math.abs(arity) - 2, subcommand === "list" ? 1 : 0);
  return [command, subcommand, ...Array<string>(fillers).fill(filler)];
}

/** Any other error says that it would have been run. */
function refusalIn(reply: unknown): string {
  return reply instanceof ReplyError && reply.message.startsWith("NOPERM ") ? reply.message : "";
}
