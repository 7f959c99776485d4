/**
 * `Microsoft.Authorization/roleDefinitions`, on any scope: the roles that can be assigned there. Those that are built in are not written;
 * custom ones are written by whoever may do so on each of their assignable scopes.
 */
import { type Page, parseRoleDefinition, type RoleDefinitionResource } from "@larder/api";
import type { Context, Hono } from "hono";
import { type BuiltInRole, builtInRoles } from "../authorization/built-in-roles.ts";
import { rootScope } from "../authorization/requested-access.ts";
import { isWithin } from "../authorization/resource-scope.ts";
import type { RoleDefinitionDocument } from "../documents/role-document.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { requireResourcesVersion } from "./api-versions.ts";
import { badFilter, parseFilter } from "./filter-query.ts";
import { readJsonBody } from "./json-body.ts";
import { pageOf } from "./paging.ts";
import { pathValue } from "./request-path.ts";
import { rolePaths, roleScope, rootRolePath } from "./role-paths.ts";

type Role = RoleDefinitionDocument | BuiltInRole;

export function roleDefinitions(app: Hono<ApiEnvironment>, api: ApiContext): void {
  for (const path of [...rolePaths, rootRolePath]) {
    app.get(`${path}/roledefinitions`, requireResourcesVersion, (context) => context.json(list(context, api)));
    app.get(`${path}/roledefinitions/:role`, requireResourcesVersion, (context) =>
      context.json(bodyOf(api.roles.definition(pathValue(context, "role")), api.subscription)),
    );
  }
  for (const path of rolePaths) {
    app.put(`${path}/roledefinitions/:role`, requireResourcesVersion, async (context) => {
      const body = parseRoleDefinition(await readJsonBody(context));
      const caller = context.get("caller");
      const mayOn = (scope: string) =>
        api.authorization.allows(caller, "microsoft.authorization/roledefinitions/write", scope);
      const { definition } = await api.roles.define(pathValue(context, "role"), body, caller.objectId, mayOn);
      return context.json(bodyOf(definition, api.subscription), 201);
    });
    app.delete(`${path}/roledefinitions/:role`, requireResourcesVersion, async (context) => {
      const caller = context.get("caller");
      const mayOn = (scope: string) =>
        api.authorization.allows(caller, "microsoft.authorization/roledefinitions/delete", scope);
      const removed = await api.roles.undefine(pathValue(context, "role"), mayOn);
      return removed === undefined ? context.body(null, 204) : context.json(bodyOf(removed, api.subscription));
    });
  }
}

function list(context: Context<ApiEnvironment>, api: ApiContext): Page<RoleDefinitionResource> {
  const scope = roleScope(context).toLowerCase();
  const custom = api.roleIndex.definitions.filter(({ assignableScopes }) =>
    assignableScopes.some((outer) => isAlong(outer.toLowerCase(), scope)),
  );
  const all: Role[] = [...builtInRoles, ...(scope === rootScope ? [] : custom)];
  const conditions = parseFilter(context.req.query("$filter"));
  const wanted = all.filter((role) =>
    conditions.every(({ name, operator, value }) => meets(role, name, operator, value)),
  );
  return pageOf(context, wanted, { nameOf: ({ roleId }) => roleId, bodyOf: (role) => bodyOf(role, api.subscription) });
}

/** What may be assigned on the scope, or in it. */
function isAlong(outer: string, scope: string): boolean {
  return isWithin(scope, outer) || isWithin(outer, scope);
}

function meets(role: Role, name: string, operator: string, value: string): boolean {
  if (name === "atscopeandbelow" || name === "atscope") return true;
  if (name === "rolename" && operator === "eq") return role.roleName.toLowerCase() === value.toLowerCase();
  if (name === "type" && operator === "eq") return kindOf(role).toLowerCase() === value.toLowerCase();
  throw badFilter("roles can be told by atScopeAndBelow(), roleName eq '…' and type eq '…'");
}

function kindOf(role: Role): "BuiltInRole" | "CustomRole" {
  return "createdMs" in role ? "CustomRole" : "BuiltInRole";
}

function bodyOf(role: Role, subscription: string): RoleDefinitionResource {
  const { roleId, roleName, description, permissions } = role;
  const authored = "createdMs" in role ? role : null;
  const id = `/providers/Microsoft.Authorization/roleDefinitions/${roleId}`;
  return {
    id: `/subscriptions/${subscription}${id}`,
    name: roleId,
    type: "Microsoft.Authorization/roleDefinitions",
    properties: {
      roleName,
      type: kindOf(role),
      description,
      assignableScopes: authored?.assignableScopes ?? ["/"],
      permissions,
      createdOn: authored === null ? null : new Date(authored.createdMs).toISOString(),
      updatedOn: authored === null ? null : new Date(authored.updatedMs).toISOString(),
      createdBy: authored?.createdBy ?? null,
      updatedBy: authored?.updatedBy ?? null,
    },
  };
}
