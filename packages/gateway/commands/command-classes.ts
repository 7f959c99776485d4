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
  /** As shared, but may keep the engine or the connection busy for long: goes on the bulk lane. */
  slow: 19,
  /** Runs scripts, as long as they like, or changes which there are. */
  script: 20,
  /** WAIT and WAITAOF: blocks, and its answer depends on what was written on the same connection. */
  wait: 21,
  /** As shared, but how many got a message has to be put right: only while clients of this worker are subscribed. */
  publish: 22,
  /** As shared, but speaks of the engine's process, where the cache is meant. */
  info: 24,
  /** Not a command: stands for one whose outcome is unknown (replay.ts). */
  outcomeUnknown: 23,
  /** Of a cache that is shown as a cluster, answered by the gateway; else what the engine says. */
  cluster: 25,
} as const;
export type Class = (typeof Class)[keyof typeof Class];

/** What leaves nothing behind on its connection when it is run inside a transaction, where nothing blocks. */
export const queueable: readonly Class[] = [
  Class.shared,
  Class.slow,
  Class.script,
  Class.publish,
  Class.info,
  Class.blocking,
  Class.blockingStream,
  Class.unwatch,
];

/** What a replica may be asked, where it only reads. */
const askable: readonly Class[] = [Class.shared, Class.slow, Class.blockingStream];

/** What may wait in the engine, outside of a transaction. */
export const blocking: readonly Class[] = [Class.blocking, Class.blockingStream];

/** What may keep the engine or the connection busy for long. */
export const bulky: readonly Class[] = [Class.slow, Class.script];

/**
 * An entry of the table, one integer for one lookup: the class in bits 0–4, whether it only reads in bit 5, whether it has
 * subcommands in bit 6, whether it says the same on a replica in bit 7, the arity as COMMAND gives it, plus 128, in bits
 * 8–15 (0: not known), and whether it may write in bit 16.
 */
const classMask = 31;
const readsBit = 32;
const containerBit = 64;
const replicaBit = 128;
const writesBit = 1 << 16;

export function classOf(entry: number): Class {
  return (entry & classMask) as Class;
}

/** Running it twice does no harm, so it may be sent again when its reply was lost. */
export function onlyReads(entry: number): boolean {
  return (entry & readsBit) !== 0;
}

/** A replica may answer it in the primary's place. */
export function mayAskReplica(entry: number): boolean {
  return (entry & replicaBit) !== 0 && askable.includes(classOf(entry));
}

/** It may change data, by itself or, as a script does, by what it runs. Never asked of what the table does not have. */
export function mayWrite(entry: number): boolean {
  return (entry & writesBit) !== 0;
}

/** Its subcommands have arities and permissions of their own, which the table does not have. */
export function hasSubcommands(entry: number): boolean {
  return (entry & containerBit) !== 0;
}

/** Whether the engine would take so many arguments, the name included. */
export function fitsArity(entry: number, argumentCount: number): boolean {
  const packed = (entry >> 8) & 255;
  if (packed === 0) return true;
  const arity = packed - 128;
  return arity >= 0 ? argumentCount === arity : argumentCount >= -arity;
}

/** Commands whose time grows with the data. Others are learned (slow-commands.ts). */
const slow = ["flushall", "flushdb", "keys", "lcs", "sort", "sort_ro"];
const scripting = ["eval", "eval_ro", "evalsha", "evalsha_ro", "fcall", "fcall_ro", "function", "script"];

/** They write what the script does, of which their flags say nothing. */
const running = ["eval", "evalsha", "fcall"];

/** What says how many are subscribed. */
const publishing = ["publish", "pubsub", "spublish"];

/** They neither write nor count as reading keys, and say the same again. */
const repeatable = ["command", "echo", "info", "lastsave", "lolwut", "ping", "role", "time"];

/** Of these, those that do not speak of the node. */
const sameEverywhere = ["echo", "ping", "time"];

/** The name of what is no command (replay.ts). */
export const outcomeUnknownMark = "larder.outcomeunknown";

const overlay: Record<string, Class> = {
  auth: Class.auth,
  client: Class.client,
  cluster: Class.cluster,
  // It sleeps, and can answer with a push.
  debug: Class.blocking,
  discard: Class.discard,
  exec: Class.exec,
  hello: Class.hello,
  info: Class.info,
  monitor: Class.monitor,
  multi: Class.multi,
  [outcomeUnknownMark]: Class.outcomeUnknown,
  psubscribe: Class.subscribe,
  punsubscribe: Class.unsubscribe,
  quit: Class.quit,
  readonly: Class.cluster,
  readwrite: Class.cluster,
  reset: Class.reset,
  select: Class.select,
  ssubscribe: Class.subscribe,
  subscribe: Class.subscribe,
  sunsubscribe: Class.unsubscribe,
  unsubscribe: Class.unsubscribe,
  unwatch: Class.unwatch,
  watch: Class.watch,
  wait: Class.wait,
  waitaof: Class.wait,
  xread: Class.blockingStream,
  xreadgroup: Class.blockingStream,
  ...Object.fromEntries(slow.map((name) => [name, Class.slow])),
  ...Object.fromEntries(scripting.map((name) => [name, Class.script])),
};

/** What can be done before the engine was asked: logging in, and refusing. `refused` is the route's (refused-commands.ts). */
export function loginCommandTable(refused: readonly string[]): CommandTable {
  return new CommandTable(withRefused(new Map(Object.entries(overlay)), refused));
}

/** Subcommands that are refused have no entries of their own: whoever answers the command looks (client-command.ts). */
function withRefused(entries: Map<string, number>, refused: readonly string[]): Map<string, number> {
  for (const name of refused) if (!name.includes("|")) entries.set(name, Class.refused);
  return entries;
}

/** The table for an engine. `reply` is that of COMMAND: [name, arity, flags, …, subcommands] for each. */
export function buildCommandTable(
  reply: Reply,
  options: { learnedSlow: ReadonlySet<string>; refused: readonly string[]; countsReceivers: boolean },
): CommandTable {
  const { learnedSlow, refused, countsReceivers } = options;
  const entries = new Map(Object.entries(overlay) as [string, number][]);
  for (const command of Array.isArray(reply) ? reply : []) {
    if (!Array.isArray(command) || typeof command[0] !== "string" || !Array.isArray(command[2])) continue;
    const name = command[0].toLowerCase();
    const [, arity, flags, , , , , , , subcommands] = command;
    const shared = countsReceivers && publishing.includes(name) ? Class.publish : Class.shared;
    const given = flags.includes("blocking") ? Class.blocking : learnedSlow.has(name) ? Class.slow : shared;
    const reads = flags.includes("readonly") || repeatable.includes(name) ? readsBit : 0;
    const replica = flags.includes("readonly") || sameEverywhere.includes(name) ? replicaBit : 0;
    const container = Array.isArray(subcommands) && subcommands.length > 0 ? containerBit : 0;
    const writes = isWriting(command) || running.includes(name) ? writesBit : 0;
    const facts = reads | replica | container | writes;
    entries.set(name, (overlay[name] ?? given) | facts | ((Number(arity) + 128) << 8));
  }
  return new CommandTable(withRefused(entries, refused));
}

/** Of a command or a subcommand as COMMAND has it. A module's may do what it likes unless it says that it only reads. */
function isWriting(command: Reply): boolean {
  if (!Array.isArray(command)) return false;
  const [, , flags, , , , , , , subcommands] = command;
  if (Array.isArray(subcommands) && subcommands.some(isWriting)) return true;
  if (!Array.isArray(flags)) return false;
  return flags.includes("write") || (flags.includes("module") && !flags.includes("readonly"));
}
