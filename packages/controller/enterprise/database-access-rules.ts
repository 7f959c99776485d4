/**
 * What a change of who may use a database makes of its cache's access: (access, what is asked) → access. Pure. Refusals throw
 * LarderError; null: it is so already.
 *
 * An assignment with an ACL string of its own has an access policy of its own, which comes, changes and goes with it; every other has
 * the one that allows everything.
 */
import type { DatabaseAssignmentAsked } from "@larder/api";
import {
  type AccessChange,
  findPolicy,
  withAssignment,
  withoutAssignment,
  withoutPolicy,
  withPolicy,
} from "../access/access-rules.ts";
import type { CacheAccess } from "../documents/cache-access.ts";
import { builtInPolicies } from "../documents/policy-users.ts";

const ownerPolicy = builtInPolicies[0].name;

export function withDatabaseAssignment(
  access: CacheAccess,
  name: string,
  { objectId, accessString }: DatabaseAssignmentAsked,
): AccessChange | null {
  const own = policyOf(name);
  const made = accessString === undefined ? null : withPolicy(access, { name: own, permissions: accessString });
  const accessPolicyName = accessString === undefined ? ownerPolicy : own;
  const asked = { objectId, objectIdAlias: objectId, accessPolicyName };
  const given = withAssignment(made?.access ?? access, name, asked);
  const dropped = accessString === undefined && given !== null ? withoutOwn(given.access, own) : null;
  const last = dropped ?? given ?? made;
  const first = given ?? made;
  if (last === null || first === null) return null;
  return {
    ...first,
    access: last.access,
    isNew: given?.isNew ?? false,
    policyName: made?.policyName ?? first.policyName,
  };
}

export function withoutDatabaseAssignment(access: CacheAccess, name: string): AccessChange | null {
  const taken = withoutAssignment(access, name);
  if (taken === null) return null;
  return { ...taken, access: withoutOwn(taken.access, policyOf(name))?.access ?? taken.access };
}

function withoutOwn(access: CacheAccess, own: string): AccessChange | null {
  return findPolicy(access, own) === undefined ? null : withoutPolicy(access, own);
}

/** Of an assignment; as long as names of policies have to be. */
function policyOf(assignmentName: string): string {
  return `of-${assignmentName}`;
}
