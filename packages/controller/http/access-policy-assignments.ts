/** `Microsoft.Cache/redis/accessPolicyAssignments`: who has which access policy. */
import {
  type AccessAssignmentResource,
  cacheResourceId,
  checkAssignmentName,
  LarderError,
  parseAccessAssignment,
} from "@larder/api";
import type { Context, Hono } from "hono";
import { findAssignment } from "../access/access-rules.ts";
import { AccessStanding } from "../access/access-standing.ts";
import type { StoredAssignment } from "../documents/cache-access.ts";
import type { CacheDocument } from "../documents/cache-document.ts";
import type { StoredDocument } from "../store/store.ts";
import { answerDelete, answerPut } from "./access-answer.ts";
import { stateOf } from "./access-policies.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { readJsonBody } from "./json-body.ts";
import { pageOf } from "./paging.ts";
import { cachePlace, oneCache } from "./redis-caches.ts";
import { pathValue } from "./request-path.ts";

const assignments = `${oneCache}/accesspolicyassignments`;
const oneAssignment = `${assignments}/:assignment`;

export function accessPolicyAssignments(app: Hono<ApiEnvironment>, api: ApiContext): void {
  const find = async (context: Context): Promise<StoredDocument<CacheDocument>> => {
    await api.groups.require(cachePlace(context).resourceGroup);
    return api.caches.require(cachePlace(context));
  };

  app.get(assignments, async (context) => {
    const stored = await find(context);
    const nameOf = ({ name }: StoredAssignment) => name.toLowerCase();
    const bodyOf = assignmentBody(stored, api);
    return context.json(pageOf(context, stored.value.access.assignments, { nameOf, bodyOf }));
  });

  app.get(oneAssignment, async (context) => context.json(bodyOf(await find(context), api, assignmentName(context))));

  app.put(oneAssignment, async (context) => {
    await find(context);
    checkAssignmentName(assignmentName(context));
    const body = parseAccessAssignment(await readJsonBody(context));
    const commanded = await api.access.putAssignment(cachePlace(context), assignmentName(context), body);
    return answerPut(context, api, commanded, () => bodyOf(commanded.stored, api, assignmentName(context)));
  });

  app.delete(oneAssignment, async (context) => {
    await find(context);
    return answerDelete(context, api, await api.access.deleteAssignment(cachePlace(context), assignmentName(context)));
  });
}

function assignmentName(context: Context): string {
  return pathValue(context, "assignment");
}

/** Throws ResourceNotFound. */
function bodyOf(stored: StoredDocument<CacheDocument>, api: ApiContext, name: string): AccessAssignmentResource {
  const assignment = findAssignment(stored.value.access, name);
  if (assignment !== undefined) return assignmentBody(stored, api)(assignment);
  throw new LarderError("ResourceNotFound", `'${stored.value.name}' has no access policy assignment '${name}'.`);
}

function assignmentBody(
  stored: StoredDocument<CacheDocument>,
  api: ApiContext,
): (assignment: StoredAssignment) => AccessAssignmentResource {
  const standing = new AccessStanding(stored, api);
  return ({ name, objectId, alias, policyName, generation }) => ({
    id: `${cacheResourceId(stored.value)}/accessPolicyAssignments/${name}`,
    name,
    type: "Microsoft.Cache/Redis/accessPolicyAssignments",
    properties: {
      provisioningState: stateOf(standing, policyName, standing.isInForce(generation)),
      objectId,
      objectIdAlias: alias,
      accessPolicyName: policyName,
    },
  });
}
