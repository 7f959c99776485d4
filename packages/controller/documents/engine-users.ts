/**
 * The users of a cache's engine, and what they may do there.
 *
 * `larder-admin`  the agent: everything.
 * `larder-app`    the gateway, on behalf of whoever holds an access key: what the service offers. Refused are
 *                 administration, persistence, replication, the ACL, and whatever would stop or stall the engine.
 * `larder-replication`  the other engines of the cache: copying it.
 *
 * One text must be taken by Redis 6.2 to 7.2 and Valkey 7.2 to 9 alike. 6.2 cannot take away single subcommands
 * (`-client|pause`), 7.0 refuses those that it does not know (`+client|no-touch`). Hence: take away the category
 * @admin, which from 7.0 on holds single subcommands and in 6.2 whole commands, and give back by name what is wanted;
 * all those names are in 7.0. Tried on Redis 7.0.15, Valkey 8.0.1 and Valkey 9.1.
 */
import type { EngineUser } from "@larder/api";
import type { CacheDocument } from "./cache-document.ts";

export const appUserName = "larder-app";
const adminUserName = "larder-admin";
const replicationUserName = "larder-replication";

const allow = (command: string, subcommands: string) =>
  subcommands.split(" ").map((subcommand) => `+${command}|${subcommand}`);

const appRules = [
  "~* &* +@all -@admin",
  "-acl -asking -migrate -restore-asking",
  "-script",
  ...allow("script", "load exists flush kill help"),
  "+monitor +role +slowlog +latency",
  ...allow("client", "caching getname getredir help id info kill list reply setname tracking trackinginfo unblock"),
  ...allow(
    "cluster",
    "count-failure-reports countkeysinslot getkeysinslot help info keyslot myid nodes replicas slaves slots",
  ),
].join(" ");

export function adminUser(cache: CacheDocument): EngineUser {
  return { name: adminUserName, password: cache.enginePasswords.admin, rules: "~* &* +@all" };
}

/** As whom a cache's engines copy each other. */
export function replicationUser(cache: CacheDocument): EngineUser {
  const rules = "-@all +psync +sync +replconf +ping";
  return { name: replicationUserName, password: cache.enginePasswords.replication, rules };
}

export function appUser(cache: { enginePasswords: { app: string } }): EngineUser {
  return { name: appUserName, password: cache.enginePasswords.app, rules: appRules };
}
