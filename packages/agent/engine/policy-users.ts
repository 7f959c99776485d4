/** The users of access policies on a running engine. Their rules are the cache's owner's: the engine may refuse them. */
import { LarderError } from "@larder/api";
import { type EngineConnection, EngineRefused } from "./ask.ts";

/** Never kept: for asking whether rules are taken. */
const triedUser = "larder-tried";

/** On a user that may not log in, and that is gone again. Throws InvalidParameter with the engine's words. */
export async function tryRules(engine: EngineConnection, rules: string): Promise<null> {
  try {
    await engine.ask("ACL", "SETUSER", triedUser, "reset", ...rules.split(" ").filter((rule) => rule !== ""));
  } catch (error) {
    if (!(error instanceof EngineRefused)) throw error;
    throw new LarderError("InvalidParameter", error.message, { cause: error });
  } finally {
    await engine.ask("ACL", "DELUSER", triedUser);
  }
  return null;
}
