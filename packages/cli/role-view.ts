/** Roles as people read and name them. Pure. */
import { createHash } from "node:crypto";
import type { RoleAssignmentResource, RoleDefinitionResource } from "@larder/api/role-resource";
import { formatTable } from "./table.ts";
import type { Colors } from "./terminal.ts";

/** A GUID that is the same for the same parts: whoever asks twice asks for the same thing. */
export function guidOf(...parts: readonly string[]): string {
  const hex = createHash("sha256").update(parts.join("\n").toLowerCase()).digest("hex");
  const variant = ((Number.parseInt(hex[16] ?? "0", 16) & 3) | 8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** "subscription", "group web", "cache shop". */
export function scopeText(scope: string): string {
  const [, , , , group, , , , name] = scope.split("/");
  if (name !== undefined) return `cache ${name}`;
  return group === undefined ? "subscription" : `group ${group}`;
}

export function formatAssignments(
  assignments: readonly RoleAssignmentResource[],
  roleNameOf: (assignment: RoleAssignmentResource) => string,
  colors: Colors,
): string {
  const heading = ["PRINCIPAL", "ROLE", "SCOPE", "KIND", "SINCE"].map((text) => colors.dim(text));
  const rows = assignments.map((assignment) => {
    const { principalId, principalType, scope, createdOn } = assignment.properties;
    return [
      colors.bold(principalId),
      roleNameOf(assignment),
      scopeText(scope),
      principalType === "User" ? "user" : "service",
      createdOn?.slice(0, 10) ?? "-",
    ];
  });
  return formatTable([heading, ...rows]);
}

export function formatDefinitions(definitions: readonly RoleDefinitionResource[], colors: Colors): string {
  const heading = ["ROLE", "KIND", "ACTIONS", "EXCEPT"].map((text) => colors.dim(text));
  const rows = definitions.map(({ properties: { roleName, type, permissions } }) => [
    colors.bold(roleName),
    type === "BuiltInRole" ? "built in" : "custom",
    shortList(permissions.flatMap(({ actions }) => actions)),
    shortList(permissions.flatMap(({ notActions }) => notActions)),
  ]);
  return formatTable([heading, ...rows]);
}

function shortList(actions: readonly string[]): string {
  const [first, ...more] = actions;
  if (first === undefined) return "-";
  return more.length === 0 ? first : `${first} and ${more.length} more`;
}
