/** `larder role …`: who may manage what. */
import type { ManagementClient } from "@larder/api/management-client";
import { isSameName } from "@larder/api/names";
import type { PrincipalType, RoleAssignmentResource, RoleDefinitionResource } from "@larder/api/role-resource";
import { findResource } from "../cache-lookup.ts";
import { type CommonOptions, openContext } from "../command-context.ts";
import { CommandError } from "../failure.ts";
import { formatAssignments, formatDefinitions, guidOf, scopeText } from "../role-view.ts";

export interface ScopeOptions extends CommonOptions {
  cache?: string;
  resourceGroup?: string;
}

export interface AssignOptions extends ScopeOptions {
  service?: boolean;
  description?: string;
}

export interface CreateOptions extends ScopeOptions {
  action: string[];
  except?: string[];
  description?: string;
}

export async function listAssignments(options: ScopeOptions & { principal?: string }): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const scope = await scopeOf(client, options);
  const held = (await client.roles.assignments(scope)).filter(
    ({ properties: { principalId } }) => options.principal === undefined || isSameName(principalId, options.principal),
  );
  const definitions = await client.roles.definitions(scope);
  const roleNameOf = ({ properties: { roleDefinitionId } }: RoleAssignmentResource) =>
    definitions.find(({ id }) => isSameName(id, roleDefinitionId))?.properties.roleName ?? roleDefinitionId;
  print(held, () =>
    held.length === 0
      ? "Nobody has a role there but who has the administrator's token.\n"
      : formatAssignments(held, roleNameOf, terminal.colors),
  );
}

export async function assignRole(role: string, principal: string, options: AssignOptions): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const scope = await scopeOf(client, options);
  const { id, properties } = await findRole(client, role, scope);
  const principalType: PrincipalType = options.service ? "ServicePrincipal" : "User";
  const assignment = await client.roles.assign(scope, guidOf(scope, id, principal), {
    roleDefinitionId: id,
    principalId: principal,
    principalType,
    description: options.description ?? null,
  });
  const text = `${properties.roleName} to ${principal}, on the ${scopeText(scope)}`;
  print(assignment, () => `${terminal.colors.green("Assigned")} ${text}\n`);
}

export async function unassignRole(role: string, principal: string, options: ScopeOptions): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const scope = await scopeOf(client, options);
  const { id, properties } = await findRole(client, role, scope);
  const held = (await client.roles.assignments(scope)).find(
    ({ properties: has }) =>
      isSameName(has.scope, scope) && isSameName(has.roleDefinitionId, id) && isSameName(has.principalId, principal),
  );
  if (held === undefined)
    throw new CommandError(
      "RoleAssignmentNotFound",
      `${principal} does not have the role ${properties.roleName} on the ${scopeText(scope)} itself.`,
      "`larder role list` shows who has what, and on what",
    );
  await client.roles.remove(held.id);
  const text = `${properties.roleName} from ${principal}, on the ${scopeText(scope)}`;
  print({ ...held, removed: true }, () => `${terminal.colors.green("Taken")} ${text}\n`);
}

export async function listDefinitions(options: CommonOptions & { custom?: boolean }): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const all = await client.roles.definitions();
  const shown = all.filter(({ properties: { type } }) => !options.custom || type === "CustomRole");
  print(shown, () => (shown.length === 0 ? "There are no custom roles.\n" : formatDefinitions(shown, terminal.colors)));
}

/** Of a role that is there its actions become these. */
export async function createRole(roleName: string, options: CreateOptions): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const scope = await scopeOf(client, options);
  const before = (await client.roles.definitions()).find(({ properties }) => isSameName(properties.roleName, roleName));
  const permission = { actions: options.action, notActions: options.except ?? [], dataActions: [], notDataActions: [] };
  const role = await client.roles.define(before?.name ?? guidOf(client.subscription, roleName), {
    roleName,
    description: options.description ?? before?.properties.description ?? "",
    permissions: [permission],
    assignableScopes: [scope],
  });
  print(role, () => `${terminal.colors.green(before === undefined ? "Created" : "Changed")} ${roleName}\n`);
}

export async function deleteRole(roleName: string, options: CommonOptions): Promise<void> {
  const { client, print, terminal } = openContext(options);
  const role = await findRole(client, roleName);
  await client.roles.remove(role.id);
  print({ ...role, removed: true }, () => `${terminal.colors.green("Deleted")} ${role.properties.roleName}\n`);
}

/** By its name in any case, or its id. Throws RoleDefinitionDoesNotExist. */
async function findRole(client: ManagementClient, role: string, scope?: string): Promise<RoleDefinitionResource> {
  const found = (await client.roles.definitions(scope)).find(
    ({ name, properties }) => isSameName(properties.roleName, role) || isSameName(name, role),
  );
  if (found !== undefined) return found;
  throw new CommandError(
    "RoleDefinitionDoesNotExist",
    `There is no role named ${role}${scope === undefined ? "" : ` for the ${scopeText(scope)}`}.`,
    "`larder role definitions` shows the roles that there are",
  );
}

/** The subscription, unless it is narrower. */
async function scopeOf(client: ManagementClient, { cache, resourceGroup }: ScopeOptions): Promise<string> {
  if (cache !== undefined) return (await findResource(client, cache, resourceGroup)).id;
  const subscription = `/subscriptions/${client.subscription}`;
  return resourceGroup === undefined ? subscription : `${subscription}/resourceGroups/${resourceGroup}`;
}
