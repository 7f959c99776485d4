/**
 * Untrusted bodies of PUT on role definitions and role assignments. Lenient and strict as `redis-parse.ts` is: above all, what would
 * make a role narrower on Azure and is unknown here is refused, not left out.
 */
import { z } from "zod";
import { choice, parseBody } from "./body-values.ts";
import { principalTypes, type RoleAssignmentBody, type RoleDefinitionBody } from "./role-resource.ts";

export const roleLimits = {
  actionsMax: 200,
  actionLengthMax: 256,
  permissionsMax: 10,
  assignableScopesMax: 50,
  scopeLengthMax: 1_024,
  roleNameLengthMax: 512,
  descriptionLengthMax: 2_048,
  principalIdLengthMax: 256,
} as const;

const guidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function isGuid(text: string): boolean {
  return guidPattern.test(text);
}

/** Throws InvalidRequestBody or InvalidParameter with its target. */
export function parseRoleDefinition(body: unknown): RoleDefinitionBody {
  const { properties } = parseBody(definitionBody, body) as z.infer<typeof definitionBody>;
  const { roleName, description, permissions, assignableScopes } = properties;
  return { roleName, description, permissions, assignableScopes: [...new Set(assignableScopes)] };
}

/** Throws InvalidRequestBody or InvalidParameter with its target. */
export function parseRoleAssignment(body: unknown): RoleAssignmentBody {
  const { properties } = parseBody(assignmentBody, body) as z.infer<typeof assignmentBody>;
  const { roleDefinitionId, principalId, principalType, description } = properties;
  return { roleDefinitionId, principalId, principalType, description };
}

/** Two spellings of an object id are one principal; what other issuers call a subject is taken as it is. */
export function samePrincipal(principalId: string): string {
  return isGuid(principalId) ? principalId.toLowerCase() : principalId;
}

const action = z
  .string("must be a string")
  .max(roleLimits.actionLengthMax, `may have at most ${roleLimits.actionLengthMax} characters`)
  .regex(/^[\w.*/-]+$/, "must be an action such as Microsoft.Cache/redis/read, with * for anything");
const actions = z
  .array(action, "must be a list of actions")
  .max(roleLimits.actionsMax, `may have at most ${roleLimits.actionsMax} actions`)
  .default([]);
const none = z
  .array(z.unknown(), "must be a list")
  .max(0, "must be empty: access policies say who may use a cache's data")
  .default([])
  .transform((): string[] => []);
const permission = z.object({ actions, notActions: actions, dataActions: none, notDataActions: none });

const scope = z
  .string("must be a string")
  .max(roleLimits.scopeLengthMax, `may have at most ${roleLimits.scopeLengthMax} characters`)
  .transform((given) => (given.length > 1 ? given.replace(/\/+$/, "") : given));

const permissionsText = `must be a list of 1 to ${roleLimits.permissionsMax} permissions`;
const scopesText = `must be a list of 1 to ${roleLimits.assignableScopesMax} scopes`;

const definitionBody = z.object({
  properties: z.object(
    {
      roleName: z
        .string("is required")
        .trim()
        .min(1, "must not be empty")
        .max(roleLimits.roleNameLengthMax, `may have at most ${roleLimits.roleNameLengthMax} characters`),
      description: z
        .string("must be a string")
        .max(roleLimits.descriptionLengthMax, `may have at most ${roleLimits.descriptionLengthMax} characters`)
        .default(""),
      permissions: z.array(permission, permissionsText).min(1, permissionsText).max(roleLimits.permissionsMax),
      assignableScopes: z.array(scope, scopesText).min(1, scopesText).max(roleLimits.assignableScopesMax, scopesText),
    },
    "is required",
  ),
});

/** Null is "not given", and so is the empty text. */
const notBuilt = z.literal("", "is not there in Larder").optional();

const assignmentBody = z.object({
  properties: z.object(
    {
      roleDefinitionId: z.string("is required"),
      principalId: z
        .string("is required")
        .min(1, "must not be empty")
        .max(roleLimits.principalIdLengthMax, `may have at most ${roleLimits.principalIdLengthMax} characters`)
        .regex(/^[\x21-\x7e]+$/, "must be an object id")
        .transform(samePrincipal),
      principalType: choice(principalTypes).default("User"),
      description: z
        .string("must be a string")
        .max(roleLimits.descriptionLengthMax, `may have at most ${roleLimits.descriptionLengthMax} characters`)
        .nullable()
        .default(null),
      condition: notBuilt,
      conditionVersion: notBuilt,
      delegatedManagedIdentityResourceId: notBuilt,
    },
    "is required",
  ),
});
