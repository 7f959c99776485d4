/**
 * What the gateway does with each command. The table of a cache is the engine's own `COMMAND` output, put through
 * `classify`, with the exceptions below laid over it: what changes the state of a connection, what the gateway answers
 * itself, and what the service refuses. A command that the engine did not list is `sticky`: it gets a connection of its
 * own, for good, as nobody can say what it leaves behind.
 */
import { CommandTable, type Reply } from "@larder/resp";

export const Class = {
  /** Has no effect on its connection: shares one with other clients. */
  shared: 0,
  /** May block: a dedicated connection until it is answered. */
  blocking: 1,
  /** Blocks only with the argument BLOCK. */
  blockingStream: 2,
  /** Leaves state on its connection that the gateway does not follow: a dedicated one for good. */
  sticky: 3,
  watch: 4,
  unwatch: 5,
  multi: 6,
  exec: 7,
  discard: 8,
  subscribe: 9,
  unsubscribe: 10,
  monitor: 11,
  /** Answered by the gateway. */
  auth: 12,
  hello: 13,
  select: 14,
  reset: 15,
  quit: 16,
  client: 17,
  /** Refused by the service, whatever the client may do. */
  refused: 18,
} as const;
export type Class = (typeof Class)[keyof typeof Class];

/** Azure's list (cache-configure, "Redis commands not supported"), and what would break the gateway's own work. */
const refused = [
  "acl", "asking", "bgrewriteaof", "bgsave", "config", "debug", "failover", "migrate", "module", "pfdebug", "pfselftest",
  "psync", "replconf", "replicaof", "restore-asking", "save", "shutdown", "slaveof", "sync",
]; // biome-ignore format: a list

const overlay: Record<string, Class> = {
  auth: Class.auth,
  client: Class.client,
  discard: Class.discard,
  exec: Class.exec,
  hello: Class.hello,
  monitor: Class.monitor,
  multi: Class.multi,
  psubscribe: Class.subscribe,
  punsubscribe: Class.unsubscribe,
  quit: Class.quit,
  readonly: Class.sticky,
  readwrite: Class.sticky,
  reset: Class.reset,
  select: Class.select,
  ssubscribe: Class.subscribe,
  subscribe: Class.subscribe,
  sunsubscribe: Class.unsubscribe,
  unsubscribe: Class.unsubscribe,
  unwatch: Class.unwatch,
  watch: Class.watch,
  // Its answer depends on what was written on the same connection.
  wait: Class.sticky,
  waitaof: Class.sticky,
  xread: Class.blockingStream,
  xreadgroup: Class.blockingStream,
  ...Object.fromEntries(refused.map((name) => [name, Class.refused])),
};

/** What can be done before the engine was asked: logging in, and refusing. */
export const baseCommandTable = new CommandTable(new Map(Object.entries(overlay)));

/** The table for an engine. `reply` is that of COMMAND: [name, arity, flags, …] for each. */
export function buildCommandTable(reply: Reply): CommandTable {
  const classes = new Map<string, number>();
  for (const command of Array.isArray(reply) ? reply : []) {
    if (!Array.isArray(command) || typeof command[0] !== "string" || !Array.isArray(command[2])) continue;
    classes.set(command[0].toLowerCase(), command[2].includes("blocking") ? Class.blocking : Class.shared);
  }
  for (const [name, each] of Object.entries(overlay)) classes.set(name, each);
  return new CommandTable(classes);
}
