/** Who may use a cache's data, as people read it. Pure. */
import type { AnyAssignment } from "@larder/api/access-client";
import type { AccessPolicyResource, AccessState } from "@larder/api/access-resource";
import { everything } from "@larder/api/enterprise-resource";
import type { RunningCache } from "./caches/any-cache.ts";
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

export function formatAssignments(assignments: readonly AnyAssignment[], colors: Colors): string {
  if (assignments.length === 0) return "Nobody has an access policy yet.\n";
  const heading = ["ASSIGNMENT", "USER", "OBJECT ID", "POLICY", "STATE"].map((text) => colors.dim(text));
  const rows = assignments.map((assignment) => [
    colors.bold(assignment.name),
    userOf(assignment),
    "user" in assignment.properties ? assignment.properties.user.objectId : assignment.properties.objectId,
    grantOf(assignment),
    formatAccessState(assignment.properties.provisioningState, colors),
  ]);
  return formatTable([heading, ...rows]);
}

/** The name by which whoever has it logs in. */
export function userOf({ properties }: AnyAssignment): string {
  return "user" in properties ? properties.user.objectId : properties.objectIdAlias;
}

/** A policy, or what it allows itself. */
export function grantOf({ properties }: AnyAssignment): string {
  const isOwn = "accessString" in properties && properties.accessString !== everything;
  return isOwn ? properties.accessString : properties.accessPolicyName;
}

/** By what clients log in, and how many may: for `larder show`. */
export function formatLogins({ takesKeys, takesTokens, ownPolicies, larder }: RunningCache): [string, string][] {
  const { assignments } = larder.access;
  const users = `${assignments} ${assignments === 1 ? "assignment" : "assignments"}`;
  const own = ownPolicies === null ? "" : `, ${ownPolicies} ${ownPolicies === 1 ? "policy" : "policies"} of its own`;
  return [
    ["Access keys", takesKeys ? "on" : "off"],
    ["Tokens", takesTokens ? `on: ${users}${own}` : "off"],
  ];
}

function formatType(type: "BuiltIn" | "Custom"): string {
  return type === "BuiltIn" ? "built in" : "custom";
}

function formatAccessState(state: AccessState, colors: Colors): string {
  if (state === "Failed") return colors.red("refused by an engine");
  return state === "Updating" ? colors.yellow("updating") : colors.green("in force");
}
