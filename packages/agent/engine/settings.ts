/**
 * What a NodeSpec means for an engine: the settings that every engine takes and may be changed while it runs. Passwords
 * leave here only as SHA-256.
 */
import { createHash } from "node:crypto";
import type { EngineUser, EngineVersion, NodeSpec } from "@larder/api";
import { credentialCommands, nodeUserOf } from "./replication-settings.ts";

/** Settings of the spec by their names in the engine's configuration. All can be set live. */
export function liveSettings(spec: NodeSpec): [name: string, value: string][] {
  return [
    ["maxmemory", String(spec.memoryBytesMax)],
    // What does not fit into a node that is being filled is an error, not a loss.
    ["maxmemory-policy", spec.isIntake ? "noeviction" : spec.maxmemoryPolicy],
    ["notify-keyspace-events", spec.notifyKeyspaceEvents],
  ];
}

/** Everybody who may log in. */
export function usersOf({ adminUser, users, replication }: NodeSpec, engine: EngineVersion): EngineUser[] {
  return [adminUser, ...users, ...(replication ? [nodeUserOf(engine, replication.user)] : [])];
}

/** The ACL rules that make the user exactly what it should be, whatever it was. */
export function userRules(user: EngineUser): string[] {
  const rules = user.rules.split(" ").filter((rule) => rule !== "");
  return ["reset", "on", `#${createHash("sha256").update(user.password).digest("hex")}`, ...rules];
}

/** Those of the engine's users that the spec does not name. */
export function superfluousUsers(spec: NodeSpec, engine: EngineVersion, existing: readonly string[]): string[] {
  const kept = new Set(["default", ...[...usersOf(spec, engine), ...spec.policyUsers].map((user) => user.name)]);
  return existing.filter((name) => !kept.has(name)).sort();
}

/** The commands that bring a running engine to the spec. `existingUsers` is its ACL USERS. Safe to repeat. */
export function liveCommands(spec: NodeSpec, engine: EngineVersion, existingUsers: readonly string[]): string[][] {
  const users = usersOf(spec, engine);
  const superfluous = superfluousUsers(spec, engine, existingUsers);
  return [
    // One by one: engines before 7.0 take one pair a command.
    ...liveSettings(spec).map(([name, value]) => ["CONFIG", "SET", name, value]),
    ...users.map((user) => ["ACL", "SETUSER", user.name, ...userRules(user)]),
    ...(spec.replication ? credentialCommands(spec.replication.user) : []),
    ...(superfluous.length === 0 ? [] : [["ACL", "DELUSER", ...superfluous]]),
  ];
}

/**
 * The engine's own limit is only a backstop: the gateway limits clients, and each may cost it a connection of its own.
 * Larger caches admit more clients. The engine's table takes 40 bytes for each, used or not.
 */
export function maxclients(memoryBytesMax: number): number {
  const twoPerMebibyte = Math.ceil(memoryBytesMax / 2 ** 19);
  return Math.min(65_000, Math.max(10_000, twoPerMebibyte));
}
