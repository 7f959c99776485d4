/** Scripts, by text and by digest: each answers with what it alone was given. */
import { inspect } from "node:util";
import { ReplyError } from "@larder/resp";
import type { LoadContext } from "../load.ts";
import type { Outcome } from "../session.ts";

const text = "redis.call('SET', KEYS[1], ARGV[1], 'PX', 1000) return {KEYS[1], redis.call('GET', KEYS[1]), {ARGV[2]}}";

export async function script({ name, random, ledger, openSession, turn }: LoadContext): Promise<void> {
  const session = openSession();
  const digest = new Bun.CryptoHasher("sha1").update(text).digest("hex");
  for (let serial = 0; await turn(); serial++) {
    const key = `chaos:script:${name}:${random(5)}`;
    const given = ["1", key, `${name}#${serial}`, `second#${serial}`];
    const isByText = random(2) === 0;
    const outcomes = await session.pipeline([
      isByText ? ["EVAL", text, ...given] : ["EVALSHA", digest, ...given],
      ["ECHO", `${name}#${serial}`],
    ]);
    expectReply(outcomes[1], `${name}#${serial}`);
    const first = outcomes[0];
    // An engine that was started anew knows no scripts.
    const isUnloaded =
      first?.kind === "reply" && first.reply instanceof ReplyError && /^NOSCRIPT/.test(first.reply.message);
    if (isUnloaded && !isByText) await session.ask("SCRIPT", "LOAD", text);
    else expectReply(first, [key, `${name}#${serial}`, [`second#${serial}`]]);
  }

  function expectReply(outcome: Outcome | undefined, expected: unknown): void {
    if (outcome?.kind === "reply" && !Bun.deepEquals(outcome.reply, expected))
      ledger.violation(name, `${inspect(outcome.reply)} instead of ${inspect(expected)}`);
  }
}
