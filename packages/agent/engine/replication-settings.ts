/**
 * What an engine's settings need for others to reach it, and for replication, for Valkey 7.2 to 9 and Redis 6.2 to 7.2. A
 * node alone has them too where it can, and begins as a primary: so it can be given replicas while it serves.
 *
 * A new engine of several begins detached: as a replica of `nowhere`. It must not answer as if its empty memory were the cache,
 * and nobody may copy that. Being a replica that has no link gives both, in all versions and by one command in either
 * direction: commands on data get MASTERDOWN (`replica-serve-stale-data no`), writes READONLY, and a PSYNC gets
 * MASTERDOWN, or NOMASTERLINK where stale data may be read. Keeping the users off instead would have left the engine a
 * primary, which can be copied. No process can listen on port 0, so no stranger can ever answer there, and no packet
 * leaves the machine; the price is three lines a second in the engine's log. Tried on Valkey 8.0.1 and Redis 7.0.15.
 *
 * A replica whose PSYNC gets MASTERDOWN tries SYNC, and asks anew at once when that is refused too. A promotion in between
 * lets the SYNC in, and leaves the replica with a copy that has no place in the stream (`isUnplaced`). So SYNC is kept from
 * the nodes where the engine can do without. Two channels cannot: a replica asks for its copy by SYNC on the second.
 *
 * A replica that has data may be read from while its link is down (`replica-serve-stale-data yes`), where the cache wants
 * that. It is never so at birth.
 */
import type { Address, EngineUser, EngineVersion } from "@larder/api";
import { isAtLeast } from "./version.ts";

/** Files in PEM. The certificate serves both ends of a link; every node's is signed by the CA. */
export interface NodeTls {
  certPath: string;
  keyPath: string;
  caPath: string;
}

/** Where one life of an engine takes part in replication, and by which means. */
export interface ReplicationPlace {
  address: Address;
  tls: NodeTls;
  /** The CPUs that the agent may use, as "0-3,8"; null where the system does not tell. */
  cpuList: string | null;
}

export const nowhere: Address = { host: "127.0.0.1", port: 0 };

/** A replica whose link was cut catches up from this much of the stream; past it everything is copied anew. */
const backlogSize = "64mb";
/** So often a primary says at least something: a replica that hears nothing for longer reports it. */
const pingSeconds = 1;
/** How long an engine that is told to end waits for its replicas. Less than the agent waits for the engine. */
const shutdownSeconds = 1;

export function replicationDirectives(
  engine: EngineVersion,
  { address, tls, cpuList }: ReplicationPlace,
): (readonly [name: string, value: string, ...values: string[]])[] {
  const isValkey = engine.name === "valkey";
  return [
    ["tls-port", String(address.port)],
    ["bind", address.host],
    ["tls-cert-file", tls.certPath],
    ["tls-key-file", tls.keyPath],
    ["tls-ca-cert-file", tls.caPath],
    ["tls-auth-clients", "yes"],
    ["tls-replication", "yes"],
    ["replica-announce-ip", address.host],
    ["replica-serve-stale-data", "no"],
    // Where there is nothing to lose a copy is loaded as it comes. Else it goes through a file, which must not stay: the
    // next life of the engine would load it and not begin empty.
    ["repl-diskless-load", "on-empty-db"],
    ["rdb-del-sync-files", "yes"],
    ["repl-backlog-size", backlogSize],
    ["repl-ping-replica-period", String(pingSeconds)],
    ...(copiesByTwoChannels(engine) ? [["dual-channel-replication-enabled", "yes"] as const] : []),
    ...(isValkey || isAtLeast(engine.version, [7, 0]) ? [["shutdown-timeout", String(shutdownSeconds)] as const] : []),
    // A replica whose disk is full goes on, and says so, instead of ending.
    ...(isValkey || isAtLeast(engine.version, [7, 0]) ? [["replica-ignore-disk-write-errors", "yes"] as const] : []),
    ...(cpuList === null ? [] : cpuDirectives(cpuList)),
  ];
}

/** As whom nodes may log in to this one. */
export function nodeUserOf(engine: EngineVersion, user: EngineUser): EngineUser {
  return copiesByTwoChannels(engine) ? user : { ...user, rules: `${user.rules} -sync` };
}

function copiesByTwoChannels({ name, version }: EngineVersion): boolean {
  return name === "valkey" && isAtLeast(version, [8, 0]);
}

/** Of an engine that is to be detached until it is told whom to follow. */
export const detachedDirectives = [["replicaof", nowhere.host, String(nowhere.port)]] as const;

/** The main thread may be bound to one CPU; what works beside it must not inherit that. */
function cpuDirectives(cpuList: string) {
  return ["bio_cpulist", "bgsave_cpulist", "aof_rewrite_cpulist"].map((name) => [name, cpuList] as const);
}

/** Whether it may be read from while it has no link. */
export function serveStaleCommand(serves: boolean): string[] {
  return ["CONFIG", "SET", "replica-serve-stale-data", serves ? "yes" : "no"];
}

/** How the engine logs in to a primary. Never in the configuration file, as it has to be the password itself. */
export function credentialCommands(user: Pick<EngineUser, "name" | "password">): string[][] {
  return [
    ["CONFIG", "SET", "masteruser", user.name],
    ["CONFIG", "SET", "masterauth", user.password],
  ];
}
