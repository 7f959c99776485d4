/**
 * An effect that a message has once, although it may be delivered more than once.
 *
 * Commands or a script in the same server: effect and record are one script, which also asks whether the delivery is still this
 * consumer's. So it happens at most once for a message and name, and once if the message is done. In a cluster the keys must be
 * of the queue's slot: `{name}`. Nothing is undone: an effect that fails halfway is recorded as failed, and
 * rejects the same way each time, so that the message ends as a dead letter instead of having the first half twice.
 *
 * A function: its result is recorded after it has ended, if the delivery is still this consumer's. It is not called again after that. If the process or
 * the server is lost between the effect and the record, or the delivery is lost meanwhile, the function is called again: give
 * `token`, the same each time, to whatever it calls, as an idempotency key, or `fence` to a store that can refuse lower ones.
 */
import type { Argument } from "../../connection/connection.ts";
import type { Script } from "../../connection/script.ts";
import type { Delivery } from "./delivery.ts";
import { LeaseLost } from "./errors.ts";
import { checkText, type QueueSettings } from "./options.ts";
import { commandsEffect, onceScript, recordScript } from "./scripts/once.ts";

export interface EffectContext {
  token: string;
  fence: number;
  signal: AbortSignal;
}

/** What happens once. Results are what JSON keeps of them; those of commands are their replies, bulk strings as text. */
export type Effect<R> =
  /** Commands of the same server, as `[["INCRBY", "stock:7", "-1"], …]`. */
  | readonly (readonly (string | number)[])[]
  /** The body of a Lua function of KEYS and ARGV, as in EVAL. */
  | { lua: string; keys: readonly string[]; args?: readonly (string | number)[] }
  | ((context: EffectContext) => R | Promise<R>);

const effects = new Map<string, Script>();

/** Lua texts that are kept compiled. They are parts of a program, not data: more is a mistake, and only costs time. */
const effectsMax = 100;

export async function once<R>(
  queue: QueueSettings,
  delivery: Delivery,
  { effect, name }: { effect: Effect<R>; name: string },
): Promise<R> {
  checkText(name, "the effect's name");
  const id = `${delivery.id}:${name}`;
  if (typeof effect === "function") return await callOnce(queue, delivery, { id, effect });
  const { lua, keys, args } = "lua" in effect ? effect : asLua(effect);
  const given: Argument[] = [
    String(delivery.level),
    delivery.entry,
    id,
    String(queue.onceMs),
    ...(args ?? []).map(String),
  ];
  const answer = await scriptOf(lua).run(queue.server.main, [queue.base, ...keys], given);
  if (answer === "") throw new LeaseLost();
  return resultOf(answer as string) as R;
}

async function callOnce<R>(
  queue: QueueSettings,
  delivery: Delivery,
  { id, effect }: { id: string; effect: (context: EffectContext) => R | Promise<R> },
): Promise<R> {
  const known = await queue.server.main.ask(["GET", `${queue.base}:once:${id}`]);
  if (known !== null) return resultOf(known as string) as R;
  const result = await effect({ token: id, fence: delivery.fence, signal: delivery.signal });
  const record = JSON.stringify({ r: result });
  const args = [String(delivery.level), delivery.entry, id, String(queue.onceMs), record];
  if ((await recordScript.run(queue.server.main, [queue.base], args)) !== 1) throw new LeaseLost();
  return result;
}

function asLua(commands: readonly (readonly (string | number)[])[]) {
  const isList = commands.length > 0 && commands.every((command) => Array.isArray(command) && command.length > 0);
  if (!isList) throw new TypeError("the effect is no list of commands.");
  const keys: string[] = [];
  return { lua: commandsEffect, keys, args: [JSON.stringify(commands.map((command) => command.map(String)))] };
}

function scriptOf(lua: string): Script {
  let script = effects.get(lua);
  if (script === undefined) {
    if (effects.size >= effectsMax) effects.clear();
    script = onceScript(lua);
    effects.set(lua, script);
  }
  return script;
}

function resultOf(record: string): unknown {
  const { r, e } = JSON.parse(record) as { r?: unknown; e?: string };
  if (e !== undefined) throw new Error(`The effect failed: ${e}`);
  return r;
}
