/** Reads of keys that all share, and writes of those that are not there. A value names its key, so a reply that is somebody else's shows. */
import { inspect } from "node:util";
import type { LoadContext } from "../load.ts";

const keys = 40;

export async function cacheAside({ name, random, ledger, openSession, turn }: LoadContext): Promise<void> {
  const session = openSession();
  for (let serial = 0; await turn(); serial++) {
    const asked = Array.from({ length: 1 + random(20) }, () => `chaos:cache:${random(keys)}`);
    const outcomes = await session.pipeline(asked.map((key) => ["GET", key]));
    const missing: string[] = [];
    for (const [index, outcome] of outcomes.entries()) {
      const key = asked[index] as string;
      if (outcome.kind !== "reply") continue;
      if (outcome.reply === null) missing.push(key);
      else if (typeof outcome.reply !== "string" || !outcome.reply.startsWith(`${key}#`))
        ledger.violation(name, `GET ${key}: ${inspect(outcome.reply)}`);
    }
    const writes = missing.map((key) => ["SET", key, `${key}#${name}#${serial}`, "PX", String(200 + random(5_000))]);
    for (const outcome of writes.length === 0 ? [] : await session.pipeline(writes)) {
      if (outcome.kind === "reply" && outcome.reply !== "OK") ledger.violation(name, `SET: ${inspect(outcome.reply)}`);
    }
  }
}
