/** Counts on a key of its own. Nothing that was acknowledged is lost, and nothing counts twice. */
import { inspect } from "node:util";
import type { LoadContext } from "../load.ts";
import { settled } from "../settled.ts";

const turnsOfOne = 100;

export async function counter(context: LoadContext): Promise<void> {
  const { name, random, ledger, openSession, turn } = context;
  const session = openSession();
  let isOver = false;
  for (let generation = 0; !isOver; generation++) {
    const key = `chaos:counter:${name}:${generation}`;
    let acknowledged = 0;
    let unknown = 0;
    for (let each = 0; each < turnsOfOne && !isOver; each++) {
      isOver = !(await turn());
      const commands = Array.from({ length: 1 + random(12) }, () => ["INCR", key]);
      for (const outcome of await session.pipeline(commands)) {
        if (outcome.kind === "unknown") unknown++;
        if (outcome.kind !== "reply") continue;
        const count = Number(outcome.reply);
        acknowledged++;
        if (!(count >= acknowledged && count <= acknowledged + unknown))
          ledger.violation(name, `INCR: ${inspect(outcome.reply)}, ${acknowledged} known and ${unknown} unknown`);
      }
    }
    const stored = Number(await settled(session, "GET", key));
    if (!(stored >= acknowledged && stored <= acknowledged + unknown))
      ledger.violation(name, `counted ${stored}, with ${acknowledged} known and ${unknown} unknown`);
    await settled(session, "DEL", key);
  }
}
