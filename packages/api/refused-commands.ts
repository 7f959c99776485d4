/**
 * The commands that a cache does not offer, as its route names them: lower case, a subcommand as `client|pause`. A client
 * gets the error of a command that does not exist, before log-in, alone and inside MULTI. Inside scripts the engine's ACL
 * refuses (controller, engine-users.ts).
 */

/**
 * What would take the engine away from the gateway, or hold up the clients of a shared connection, whatever the service: a
 * write that CLIENT PAUSE stops would stop all that follow it there.
 */
export const refusedByGateway: readonly string[] = [
  "asking",
  "client|pause",
  "client|unpause",
  "failover",
  "psync",
  "replconf",
  "replicaof",
  "restore-asking",
  "script|debug",
  "shutdown",
  "slaveof",
  "sync",
];

/** Of Microsoft.Cache/redis: Azure's own list ("Redis commands not supported"), and what else administers an engine. */
export const refusedByRedisCache: readonly string[] = [
  ...refusedByGateway,
  "acl",
  "bgrewriteaof",
  "bgsave",
  "client|import-source",
  "client|no-evict",
  "config",
  "debug",
  "migrate",
  "module",
  "pfdebug",
  "pfselftest",
  "save",
];

/**
 * Of Microsoft.Cache/redisEnterprise: what Azure Managed Redis documents, and what else administers an engine. SELECT is there,
 * for the one database that there is.
 */
export const refusedByManagedRedis: readonly string[] = [...refusedByRedisCache, "move", "swapdb"];

/** Of one that does not show clients a cluster. */
export const refusedWithoutCluster: readonly string[] = [...refusedByManagedRedis, "cluster", "readonly", "readwrite"];
