/** `Microsoft.Authorization/roleAssignments`, on any scope: who has which role. It counts from the next call on. */
import {
  LarderError,
  type Page,
  type PrincipalType,
  parseRoleAssignment,
  type RoleAssignmentResource,
  samePrincipal,
} from "@larder/api";
import type { Context, Hono } from "hono";
import { isWithin } from "../authorization/resource-scope.ts";
import type { RoleAssignmentDocument } from "../documents/role-document.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { requireResourcesVersion } from "./api-versions.ts";
import { badFilter, parseFilter } from "./filter-query.ts";
import { readJsonBody } from "./json-body.ts";
import { pageOf } from "./paging.ts";
import { pathValue } from "./request-path.ts";
import { rolePaths, roleScope, rootRolePath } from "./role-paths.ts";

export function roleAssignments(app: Hono<ApiEnvironment>, api: ApiContext): void {
  const { roles, subscription } = api;
  for (const path of rolePaths) {
    const one = `${path}/roleassignments/:assignment`;
    app.get(`${path}/roleassignments`, requireResourcesVersion, (context) => context.json(list(context, api)));
    app.get(one, requireResourcesVersion, (context) =>
      context.json(bodyOf(roles.assignment(roleScope(context), pathValue(context, "assignment")), subscription)),
    );
    app.put(one, requireResourcesVersion, async (context) => {
      const body = parseRoleAssignment(await readJsonBody(context));
      const [name, by] = [pathValue(context, "assignment"), context.get("caller").objectId];
      const principalType = knownType(api, body.principalId) ?? body.principalType;
      const { assignment, created } = await roles.assign(roleScope(context), name, { ...body, principalType }, by);
      return context.json(bodyOf(assignment, subscription), created ? 201 : 200);
    });
    app.delete(one, requireResourcesVersion, async (context) => {
      const removed = await roles.unassign(roleScope(context), pathValue(context, "assignment"));
      return removed === undefined ? context.body(null, 204) : context.json(bodyOf(removed, subscription));
    });
  }
  app.all(`${rootRolePath}/roleassignments/:assignment`, () => {
    throw new LarderError(
      "InvalidParameter",
      "Roles are assigned on a subscription, a resource group or a resource, not on everything.",
      { target: "scope" },
    );
  });
}

/** Of a principal of the embedded identity provider, whatever the caller says or leaves out. */
function knownType({ identity }: ApiContext, principalId: string): PrincipalType | undefined {
  const kind = identity?.principals.find(principalId)?.kind;
  if (kind === undefined) return undefined;
  return kind === "user" ? "User" : "ServicePrincipal";
}

/** On the scope, above it and in it. */
function list(context: Context<ApiEnvironment>, api: ApiContext): Page<RoleAssignmentResource> {
  const scope = roleScope(context).toLowerCase();
  const wanted = parseFilter(context.req.query("$filter")).map(({ name, operator, value }) =>
    conditionOf(name, operator, value, scope),
  );
  const found = api.roleIndex.assignments.filter((assignment) => {
    const held = assignment.scope.toLowerCase();
    return (isWithin(scope, held) || isWithin(held, scope)) && wanted.every((meets) => meets(assignment));
  });
  return pageOf(context, found, { nameOf: ({ name }) => name, bodyOf: (one) => bodyOf(one, api.subscription) });
}

/** Of a principal in no group what is assigned to it is what it has. */
function conditionOf(name: string, operator: string, value: string, scope: string) {
  if (name === "atscope" && operator === "call")
    return (assignment: RoleAssignmentDocument) => isWithin(scope, assignment.scope.toLowerCase());
  if ((name === "principalid" && operator === "eq") || (name === "assignedto" && operator === "call"))
    return ({ principalId }: RoleAssignmentDocument) => principalId === samePrincipal(value);
  throw badFilter("assignments can be told by atScope(), principalId eq '…' and assignedTo('…')");
}

function bodyOf(assignment: RoleAssignmentDocument, subscription: string): RoleAssignmentResource {
  const { name, scope, roleId, principalId, principalType, description, createdBy, updatedBy } = assignment;
  return {
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
    name,
    type: "Microsoft.Authorization/roleAssignments",
    properties: {
      roleDefinitionId: `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${roleId}`,
      principalId,
      principalType,
      scope,
      description,
      condition: null,
      conditionVersion: null,
      delegatedManagedIdentityResourceId: null,
      createdOn: new Date(assignment.createdMs).toISOString(),
      updatedOn: new Date(assignment.updatedMs).toISOString(),
      createdBy,
      updatedBy,
    },
  };
}
