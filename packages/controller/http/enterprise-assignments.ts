/** `Microsoft.Cache/redisEnterprise/databases/accessPolicyAssignments`: who may use a database by token. */
import {
  checkDatabaseAssignmentName,
  type DatabaseAssignmentResource,
  databaseResourceId,
  everything,
  LarderError,
  parseDatabaseAssignment,
} from "@larder/api";
import type { Context, Hono } from "hono";
import { findAssignment, findPolicy, isBuiltIn } from "../access/access-rules.ts";
import { AccessStanding } from "../access/access-standing.ts";
import type { StoredAssignment } from "../documents/cache-access.ts";
import type { CacheDocument } from "../documents/cache-document.ts";
import type { StoredDocument } from "../store/store.ts";
import { stateOf } from "./access-policies.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { accepted, notePolling } from "./enterprise-answers.ts";
import { databasePlace, oneDatabase } from "./enterprise-paths.ts";
import { readJsonBody } from "./json-body.ts";
import { pageOf } from "./paging.ts";
import { apiVersionOf, pathValue } from "./request-path.ts";

const assignments = `${oneDatabase}/accesspolicyassignments`;
const oneAssignment = `${assignments}/:assignment`;

export function enterpriseAssignments(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.get(assignments, async (context) => {
    const stored = await api.caches.require(await databasePlace(context, api));
    const bodyOf = assignmentBody(stored, api);
    return context.json(pageOf(context, stored.value.access.assignments, { nameOf: ({ name }) => name, bodyOf }));
  });

  app.get(oneAssignment, async (context) => {
    const stored = await api.caches.require(await databasePlace(context, api));
    return context.json(bodyOf(stored, api, pathValue(context, "assignment")));
  });

  app.put(oneAssignment, async (context) => {
    const place = await databasePlace(context, api);
    const name = pathValue(context, "assignment");
    await api.caches.require(place);
    checkDatabaseAssignmentName(name);
    const asked = parseDatabaseAssignment(await readJsonBody(context), apiVersionOf(context).toLowerCase());
    const { stored, isNew, operation } = await api.access.putDatabaseAssignment(place, name, asked);
    await api.published.refresh();
    if (operation !== undefined) notePolling(context, { ...stored.value, ...operation });
    return context.json(bodyOf(stored, api, name), isNew ? 201 : 200);
  });

  app.delete(oneAssignment, async (context: Context) => {
    const place = await databasePlace(context, api);
    const { operation } = await api.access.deleteDatabaseAssignment(place, pathValue(context, "assignment"));
    if (operation === undefined) return context.body(null, 204);
    await api.published.refresh();
    return accepted(context, { ...place, ...operation });
  });
}

/** Throws ResourceNotFound. */
function bodyOf(stored: StoredDocument<CacheDocument>, api: ApiContext, name: string): DatabaseAssignmentResource {
  const assignment = findAssignment(stored.value.access, name);
  if (assignment !== undefined) return assignmentBody(stored, api)(assignment);
  const text = `The database of '${stored.value.name}' has no access policy assignment '${name}'.`;
  throw new LarderError("ResourceNotFound", text);
}

function assignmentBody(
  stored: StoredDocument<CacheDocument>,
  api: ApiContext,
): (assignment: StoredAssignment) => DatabaseAssignmentResource {
  const standing = new AccessStanding(stored, api);
  const { access } = stored.value;
  const errorOf = (policyName: string) => {
    const message = standing.refusalOf(policyName);
    if (message === undefined) return {};
    return { provisioningError: { code: "InvalidAccessString", message, target: "properties.accessString" } as const };
  };
  return ({ name, objectId, policyName, generation }) => ({
    id: `${databaseResourceId(stored.value)}/accessPolicyAssignments/${name}`,
    name,
    type: "Microsoft.Cache/redisEnterprise/databases/accessPolicyAssignments",
    properties: {
      provisioningState: stateOf(standing, policyName, standing.isInForce(generation)),
      accessPolicyName: "default",
      accessString: isBuiltIn(policyName) ? everything : (findPolicy(access, policyName)?.permissions ?? everything),
      ...errorOf(policyName),
      user: { objectId },
    },
  });
}
