/** A read, or a write that may run twice, asked until there is a reply. */
import type { Reply } from "@larder/resp";
import type { Words } from "../fixture/command-client.ts";
import type { Session } from "./session.ts";

const attemptsMax = 200;

export async function settled(session: Session, ...words: Words): Promise<Reply> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const outcome = await session.ask(...words);
    if (outcome.kind === "reply") return outcome.reply;
    await Bun.sleep(50);
  }
  throw new Error(`no reply to ${String(words[0])} in ${attemptsMax} attempts`);
}
