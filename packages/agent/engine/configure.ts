/**
 * The configuration file of a native engine, for Valkey 7.2 to 9 and Redis 6.2 to 7.2. It is written anew at every
 * start. The engine listens on a Unix socket, and with TLS on a port of its own. It saves only when it is told to, and has no
 * default user. The file holds hashes of passwords, never passwords.
 *
 * Append-only files are on from the start only where they are what is loaded: an engine that has them on takes none for empty
 * ones, and does not look at a snapshot. While it loads them, commands run as the user `default`, who is off; Valkey 8.0
 * drops every transaction that this user may not run. So it may run all, and nobody can log in as it.
 */
import type { EngineFound, NodeSpec } from "@larder/api";
import type { Source } from "../persistence/beginning.ts";
import { dumpName } from "../persistence/node-keeping.ts";
import { detachedDirectives, type ReplicationPlace, replicationDirectives } from "./replication-settings.ts";
import { liveSettings, maxclients, userRules, usersOf } from "./settings.ts";
import { isAtLeast } from "./version.ts";

export interface NativePaths {
  /** The engine's working folder. */
  directory: string;
  socketPath: string;
  pidPath: string;
}

type Directive = readonly [name: string, ...values: string[]];

/** Some directives are known only to engines from a version on; the others to all of them. */
interface VersionedDirectives {
  redis: readonly number[];
  valkey: readonly number[];
  directives: readonly Directive[];
}

const always: readonly Directive[] = [
  ["port", "0"],
  ["unixsocketperm", "700"],
  ["daemonize", "no"],
  ["always-show-logo", "no"],
  ["set-proc-title", "yes"],
  // The socket has the node's name, which a port has not.
  ["proc-title-template", "{title} {unixsocket} {listen-addr}"],
  // Standard output, which is the log in the node's folder: it also takes what comes before the log is open.
  ["logfile", ""],
  ["protected-mode", "yes"],
  ["save", ""],
  ["dbfilename", dumpName],
  ["rdbchecksum", "yes"],
  ["appendfsync", "everysec"],
  ["aof-load-truncated", "yes"],
  ["aof-use-rdb-preamble", "yes"],
  ["stop-writes-on-bgsave-error", "no"],
  // Replicas and exports get their copy at once, and without a file.
  ["repl-diskless-sync", "yes"],
  ["repl-diskless-sync-delay", "0"],
  // Of the gateway's own subscriptions, which stand for those of all clients; it holds each client to 32mb 8mb 60.
  ["client-output-buffer-limit", "pubsub", "256mb", "128mb", "60"],
  ["lazyfree-lazy-eviction", "yes"],
  ["lazyfree-lazy-expire", "yes"],
  ["lazyfree-lazy-server-del", "yes"],
  ["lazyfree-lazy-user-del", "yes"],
  ["lazyfree-lazy-user-flush", "yes"],
];

const versioned: readonly VersionedDirectives[] = [
  {
    redis: [7, 0],
    valkey: [7, 2],
    directives: [
      ["enable-debug-command", "no"],
      ["enable-module-command", "no"],
      ["enable-protected-configs", "no"],
    ],
  },
];

/** `place` is null for a node that only its own host reaches. Throws on a control character anywhere in the spec: it could end a line. */
export function configureNative(
  spec: NodeSpec,
  engine: EngineFound,
  paths: NativePaths,
  place: ReplicationPlace | null,
  source: Source | null = null,
): string {
  const directives: Directive[] = [
    ...always,
    ...versioned.filter((one) => isAtLeast(engine.version, one[engine.name])).flatMap((one) => one.directives),
    ["unixsocket", paths.socketPath],
    ["pidfile", paths.pidPath],
    ["dir", paths.directory],
    ["databases", String(spec.databases)],
    ["maxclients", String(maxclients(spec.memoryBytesMax))],
    ...(place === null ? [] : replicationDirectives(engine, place)),
    ...(spec.replication && !spec.isIntake ? detachedDirectives : []),
    ...liveSettings(spec),
    ["appendonly", source?.kind === "aof" ? "yes" : "no"],
    ["user", "default", "off", ...(source?.kind === "aof" ? ["~*", "&*", "+@all"] : [])],
    ...usersOf(spec, engine).map((user): Directive => ["user", user.name, ...userRules(user)]),
  ];
  return `${directives.map((directive) => directive.map(quote).join(" ")).join("\n")}\n`;
}

/** As sdssplitargs reads it: within double quotes only the backslash and the quote are special. */
function quote(word: string): string {
  if ([...word].some((character) => character < " ")) throw new Error("a control character in an engine's setting");
  if (/^[\w.:/#~&*@+%|()-]+$/.test(word)) return word;
  return `"${word.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
