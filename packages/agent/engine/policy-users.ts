/**
 * The users of access policies on a running engine. Their rules are the cache's owner's: the engine may refuse them.
 *
 * They are on no disk. Each life of an engine begins without them, and so does what an agent knows of an engine that it adopts; then all
 * are told again. Each user is one command, which takes effect as a whole: who is connected as it goes on, and may do no more and no less
 * than the new rules say from the next command on.
 */
import { type EngineUser, LarderError, type NodeObserved, type NodeSpec } from "@larder/api";
import type { NodeRecord } from "../node-folder.ts";
import { type EngineConnection, EngineRefused } from "./ask.ts";
import { superfluousUsers, userRules } from "./settings.ts";

interface AskedEngine {
  connection: EngineConnection;
  record: NodeRecord | null;
}

/** What an engine was told of a user, and its words where it did not take it. */
interface Told {
  name: string;
  rules: string;
  refusal: string | null;
}

/** Never kept: for asking whether rules are taken. */
const triedUser = "larder-tried";

export class PolicyUsers {
  /** The newest that this life has taken, as far as this agent knows. */
  generation = 0;
  refused: NodeObserved["refusedUsers"] = [];
  /** By user; null: nobody knows what the engine has. */
  #told: Map<string, Told> | null = null;

  /** Something else has told the engine of users. */
  forget(): void {
    this.#told = null;
  }

  /** Tells the engine what is new. Returns whether anything was. Safe to repeat after any failure. */
  async take({ connection, record }: AskedEngine, spec: NodeSpec): Promise<boolean> {
    if (record === null || (this.#told !== null && this.generation === spec.accessGeneration)) return false;
    const told = this.#told ?? new Map<string, Told>();
    // Half done is not known.
    this.#told = null;
    const existing = await connection.ask("ACL", "USERS");
    const gone = superfluousUsers(spec, record.engine, Array.isArray(existing) ? existing.map(String) : []);
    if (gone.length > 0) await connection.ask("ACL", "DELUSER", ...gone);
    const users = await Promise.all(spec.policyUsers.map((user) => giveNew(connection, user, told)));
    this.refused = users.flatMap(({ name, refusal }) => (refusal === null ? [] : { name, message: refusal }));
    this.#told = new Map(users.map((user) => [user.name, user]));
    this.generation = spec.accessGeneration;
    return true;
  }
}

export function policyUsersObserved(
  engine: { policyUsers: PolicyUsers } | null,
): Pick<NodeObserved, "accessGeneration" | "refusedUsers"> {
  const { generation = 0, refused = [] } = engine?.policyUsers ?? {};
  return { accessGeneration: generation, refusedUsers: refused };
}

async function giveNew(engine: EngineConnection, user: EngineUser, told: ReadonlyMap<string, Told>): Promise<Told> {
  const rules = userRules(user);
  const before = told.get(user.name);
  if (before?.rules === rules.join(" ")) return before;
  return { name: user.name, rules: rules.join(" "), refusal: await give(engine, user.name, rules) };
}

/** Returns the engine's words where it does not take the rules; then the user may log in and do nothing, whatever it was before. */
async function give(engine: EngineConnection, name: string, rules: readonly string[]): Promise<string | null> {
  try {
    await engine.ask("ACL", "SETUSER", name, ...rules);
    return null;
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    // reset, on and the password.
    await engine.ask("ACL", "SETUSER", name, ...rules.slice(0, 3));
    return refusal;
  }
}

/** On a user that may not log in, and that is gone again. Throws InvalidParameter with the engine's words. */
export async function tryRules(engine: EngineConnection, rules: string): Promise<null> {
  try {
    await engine.ask("ACL", "SETUSER", triedUser, "reset", ...rules.split(" ").filter((rule) => rule !== ""));
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    throw new LarderError("InvalidParameter", refusal, { cause: error });
  } finally {
    await engine.ask("ACL", "DELUSER", triedUser);
  }
  return null;
}

/** What the engine says of a rule; undefined: it has refused for another reason, such as a script that runs too long. */
function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof EngineRefused)) return undefined;
  return /^ACL was refused: (?:ERR )?(Error in ACL SETUSER modifier .*)$/.exec(error.message)?.[1];
}
