/**
 * What a change of policies or of who has them makes of a cache's access, or why it cannot be: (access, what is asked) → access. Pure.
 * Refusals throw LarderError. null: it is so already.
 *
 * Names, object ids and aliases compare without case. A user name leads to one assignment: no object id or alias of one is either of
 * another's.
 */
import { type AccessAssignmentBody, isSameName, LarderError } from "@larder/api";
import type { CacheAccess, StoredAssignment, StoredPolicy } from "../documents/cache-access.ts";
import { builtInPolicies, policiesOf } from "../documents/policy-users.ts";

/** Custom ones of one cache: each is a user on every engine of it. */
export const policiesMax = 100;
/** Of one cache: gateways are told of all of them at once. */
export const assignmentsMax = 2_000;

export interface AccessChange {
  access: CacheAccess;
  isNew: boolean;
  /** The policy whose user engines are to have for it; null: of none. */
  policyName: string | null;
  /** For the cache's history. */
  text: string;
}

export function findPolicy(access: CacheAccess, name: string): { name: string; permissions: string } | undefined {
  return named(policiesOf(access), name);
}

export function findAssignment(access: CacheAccess, name: string): StoredAssignment | undefined {
  return named(access.assignments, name);
}

export function isBuiltIn(name: string): boolean {
  return named(builtInPolicies, name) !== undefined;
}

export function withPolicy(access: CacheAccess, asked: { name: string; permissions: string }): AccessChange | null {
  refuseBuiltIn(asked.name, "changed");
  const before = named(access.policies, asked.name);
  if (before?.permissions === asked.permissions) return null;
  if (before === undefined && access.policies.length >= policiesMax)
    throw new LarderError("InvalidParameter", `A cache has at most ${policiesMax} access policies of its own.`);
  const generation = access.generation + 1;
  const policy: StoredPolicy = { name: before?.name ?? asked.name, permissions: asked.permissions, generation };
  return {
    access: { ...access, generation, policies: replaced(access.policies, policy) },
    isNew: before === undefined,
    policyName: policy.name,
    text: `Access policy '${policy.name}' is '${policy.permissions}'`,
  };
}

export function withoutPolicy(access: CacheAccess, name: string): AccessChange | null {
  refuseBuiltIn(name, "deleted");
  const before = named(access.policies, name);
  if (before === undefined) return null;
  const users = access.assignments.filter(({ policyName }) => isSameName(policyName, name));
  if (users[0] !== undefined) {
    const others = users.length === 1 ? "" : ` and ${users.length - 1} more`;
    const text = `Access policy '${before.name}' is in use by assignment '${users[0].name}'${others}.`;
    throw new LarderError("Conflict", text, { target: before.name });
  }
  return {
    access: {
      ...access,
      generation: access.generation + 1,
      policies: access.policies.filter((one) => one !== before),
    },
    isNew: false,
    policyName: null,
    text: `Access policy '${before.name}' was deleted`,
  };
}

export function withAssignment(
  access: CacheAccess,
  name: string,
  { objectId, objectIdAlias: alias, accessPolicyName }: AccessAssignmentBody,
): AccessChange | null {
  const before = findAssignment(access, name);
  const policyName = requirePolicy(access, accessPolicyName).name;
  if (before?.objectId === objectId && before.alias === alias && before.policyName === policyName) return null;
  refuseTaken(access.assignments, before, [objectId, alias]);
  if (before === undefined && access.assignments.length >= assignmentsMax)
    throw new LarderError("InvalidParameter", `A cache has at most ${assignmentsMax} assignments of access policies.`);
  const generation = access.generation + 1;
  const assignment: StoredAssignment = { name: before?.name ?? name, objectId, alias, policyName, generation };
  return {
    access: { ...access, generation, assignments: replaced(access.assignments, assignment) },
    isNew: before === undefined,
    policyName,
    text: `'${alias}' has access policy '${policyName}' by assignment '${assignment.name}'`,
  };
}

export function withoutAssignment(access: CacheAccess, name: string): AccessChange | null {
  const before = findAssignment(access, name);
  if (before === undefined) return null;
  return {
    access: {
      ...access,
      generation: access.generation + 1,
      assignments: access.assignments.filter((one) => one !== before),
    },
    isNew: false,
    policyName: null,
    text: `Assignment '${before.name}' was deleted: '${before.alias}' has no access any more`,
  };
}

function requirePolicy(access: CacheAccess, name: string): { name: string } {
  const found = findPolicy(access, name);
  if (found !== undefined) return found;
  const target = "properties.accessPolicyName";
  throw new LarderError("InvalidParameter", `There is no access policy '${name}' of this cache.`, { target });
}

function refuseBuiltIn(name: string, what: string): void {
  const builtIn = named(builtInPolicies, name);
  if (builtIn === undefined) return;
  throw new LarderError("InvalidParameter", `'${builtIn.name}' is a built-in access policy and cannot be ${what}.`, {
    target: builtIn.name,
  });
}

function refuseTaken(all: readonly StoredAssignment[], own: StoredAssignment | undefined, userNames: string[]): void {
  const wanted = new Set(userNames.map((name) => name.toLowerCase()));
  const isWanted = (name: string) => wanted.has(name.toLowerCase());
  const other = all.find((one) => one !== own && (isWanted(one.objectId) || isWanted(one.alias)));
  if (other === undefined) return;
  const text = `The object id or the alias is that of assignment '${other.name}'; each has one assignment in a cache.`;
  throw new LarderError("Conflict", text, { target: other.name });
}

function replaced<T extends { name: string }>(all: readonly T[], one: T): T[] {
  return all.some(({ name }) => name === one.name)
    ? all.map((each) => (each.name === one.name ? one : each))
    : [...all, one];
}

function named<T extends { name: string }>(all: readonly T[], name: string): T | undefined {
  return all.find((one) => isSameName(one.name, name));
}
