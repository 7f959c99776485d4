/** Two clients count on one key with WATCH: each success counts once, whoever comes in between. */
import { inspect } from "node:util";
import type { LoadContext } from "../load.ts";
import type { Session } from "../session.ts";
import { settled } from "../settled.ts";
import { isAborted } from "./transaction.ts";

const turnsOfOne = 40;

interface Contest {
  key: string;
  acknowledged: number;
  unknown: number;
}

export async function contest(context: LoadContext): Promise<void> {
  const { name, ledger, openSession, turn } = context;
  const sessions = [openSession(), openSession()];
  let isOver = false;
  for (let generation = 0; !isOver; generation++) {
    const one: Contest = { key: `chaos:contest:${name}:${generation}`, acknowledged: 0, unknown: 0 };
    for (let each = 0; each < turnsOfOne && !isOver; each++) {
      isOver = !(await turn());
      await Promise.all(sessions.map((session) => increment(context, one, session)));
    }
    const stored = Number(await settled(sessions[0] as Session, "GET", one.key));
    if (!(stored >= one.acknowledged && stored <= one.acknowledged + one.unknown))
      ledger.violation(name, `stored ${stored}, with ${one.acknowledged} known and ${one.unknown} unknown`);
    await settled(sessions[0] as Session, "DEL", one.key);
  }
}

async function increment({ name, ledger }: LoadContext, one: Contest, session: Session): Promise<void> {
  await session.connect().catch(() => {});
  const { connections } = session;
  const isSame = () => !session.isEnded && session.connections === connections;
  const [watched, read] = await session.pipeline([
    ["WATCH", one.key],
    ["GET", one.key],
  ]);
  if (watched?.kind !== "reply" || read?.kind !== "reply" || !isSame()) return session.kill();
  const next = Number(read.reply ?? 0) + 1;
  const outcomes = await session.pipeline([["MULTI"], ["SET", one.key, String(next)], ["EXEC"]]);
  const last = outcomes[2];
  if (last === undefined || last.kind === "refused") return session.kill();
  if (last.kind === "unknown") {
    one.unknown++;
    return session.kill();
  }
  if (last.reply === null) return ledger.count("transactions that met a conflict");
  if (isAborted(last.reply)) return;
  if (!Bun.deepEquals(last.reply, ["OK"])) ledger.violation(name, `EXEC: ${inspect(last.reply)}`);
  one.acknowledged++;
}
