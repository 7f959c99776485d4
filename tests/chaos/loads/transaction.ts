/** Counts on two keys in one transaction, written at once or command by command: both always hold the same. */
import { inspect } from "node:util";
import { type Reply, ReplyError } from "@larder/resp";
import type { LoadContext } from "../load.ts";
import type { Outcome, Session } from "../session.ts";
import { settled } from "../settled.ts";

const turnsOfOne = 60;

export async function transaction(context: LoadContext): Promise<void> {
  const { name, random, ledger, openSession, turn } = context;
  const session = openSession();
  let isOver = false;
  for (let generation = 0; !isOver; generation++) {
    const keys = ["a", "b"].map((each) => `chaos:pair:${name}:${generation}:${each}`) as [string, string];
    let acknowledged = 0;
    let unknown = 0;
    for (let each = 0; each < turnsOfOne && !isOver; each++) {
      isOver = !(await turn());
      const end = random(8) === 0 ? "DISCARD" : "EXEC";
      const commands = [["MULTI"], ["INCR", keys[0]], ["ECHO", name], ["INCR", keys[1]], [end]];
      const last = random(2) === 0 ? (await session.pipeline(commands)).at(-1) : await oneByOne(session, commands);
      if (last === undefined || end === "DISCARD") continue;
      if (last.kind === "unknown") unknown++;
      if (last.kind !== "reply" || isAborted(last.reply)) continue;
      acknowledged++;
      const [first, echo, second] = Array.isArray(last.reply) ? last.reply : [];
      const isRight = first === second && echo === name && Number(first) >= acknowledged;
      if (!isRight || Number(first) > acknowledged + unknown)
        ledger.violation(name, `EXEC: ${inspect(last.reply)}, ${acknowledged} known and ${unknown} unknown`);
    }
    const pair = await settled(session, "MGET", ...keys);
    const [first, second] = Array.isArray(pair) ? pair.map(Number) : [];
    if (first !== second || !(Number(first) >= acknowledged && Number(first) <= acknowledged + unknown))
      ledger.violation(name, `holds ${inspect(pair)}, with ${acknowledged} known and ${unknown} unknown`);
    await settled(session, "DEL", ...keys);
  }
}

/** What became of the last; undefined when the transaction was over before. */
async function oneByOne(session: Session, commands: readonly string[][]): Promise<Outcome | undefined> {
  let outcome: Outcome | undefined;
  await session.connect().catch(() => {});
  const { connections } = session;
  for (const words of commands) {
    if (session.isEnded || session.connections !== connections) return undefined;
    outcome = await session.ask(...words);
    if (outcome.kind !== "reply" && words[0] !== "EXEC") {
      // A transaction that is half open would take in what comes next.
      session.kill();
      return undefined;
    }
  }
  return outcome;
}

/** Nothing of it ran: the engine was lost, or away, while it was gathered. */
export function isAborted(reply: Reply): boolean {
  return reply instanceof ReplyError && /^(EXECABORT|ERR EXEC without MULTI)/.test(reply.message);
}
