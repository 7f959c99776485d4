/** Who may use a cache's data, as people read it. Pure. */
import type { AccessAssignmentResource, AccessPolicyResource, AccessState } from "@larder/api/access-resource";
import type { RedisResource } from "@larder/api/redis-resource";
import { formatTable } from "./table.ts";
import type { Colors } from "./terminal.ts";

export function formatPolicies(policies: readonly AccessPolicyResource[], colors: Colors): string {
  const heading = ["POLICY", "TYPE", "STATE", "PERMISSIONS"].map((text) => colors.dim(text));
  const rows = policies.map(({ name, properties: { type, provisioningState, permissions } }) => [
    colors.bold(name),
    formatType(type),
    formatAccessState(provisioningState, colors),
    permissions,
  ]);
  return formatTable([heading, ...rows]);
}

/** `users`: by which names those who have it log in. */
export function formatPolicy(policy: AccessPolicyResource, users: readonly string[], colors: Colors): string {
  const { type, provisioningState, permissions } = policy.properties;
  const rows = [
    ["Type", formatType(type)],
    ["State", formatAccessState(provisioningState, colors)],
    ["Permissions", permissions],
    ["Who has it", users.join(", ") || "nobody"],
  ];
  const labelled = rows.map(([label = "", value = ""]) => [`  ${colors.dim(label)}`, value]);
  return `${colors.bold(policy.name)}\n\n${formatTable(labelled)}`;
}

export function formatAssignments(assignments: readonly AccessAssignmentResource[], colors: Colors): string {
  if (assignments.length === 0) return "Nobody has an access policy yet.\n";
  const heading = ["ASSIGNMENT", "USER", "OBJECT ID", "POLICY", "STATE"].map((text) => colors.dim(text));
  const rows = assignments.map(({ name, properties }) => [
    colors.bold(name),
    properties.objectIdAlias,
    properties.objectId,
    properties.accessPolicyName,
    formatAccessState(properties.provisioningState, colors),
  ]);
  return formatTable([heading, ...rows]);
}

/** By what clients log in, and how many may: for `larder show`. */
export function formatLogins({ properties }: RedisResource): [string, string][] {
  const { policies, assignments } = properties.larder.access;
  const users = `${assignments} ${assignments === 1 ? "assignment" : "assignments"}`;
  const own = `${policies} ${policies === 1 ? "policy" : "policies"} of its own`;
  return [
    ["Access keys", properties.disableAccessKeyAuthentication ? "off" : "on"],
    ["Tokens", takesTokens({ properties }) ? `on: ${users}, ${own}` : "off"],
  ];
}

export function takesTokens({ properties }: Pick<RedisResource, "properties">): boolean {
  return properties.redisConfiguration["aad-enabled"] === "true";
}

function formatType(type: "BuiltIn" | "Custom"): string {
  return type === "BuiltIn" ? "built in" : "custom";
}

function formatAccessState(state: AccessState, colors: Colors): string {
  if (state === "Failed") return colors.red("refused by an engine");
  return state === "Updating" ? colors.yellow("updating") : colors.green("in force");
}
