/**
 * Who may use a database by token. An assignment with an ACL string of its own has an access policy of its own, which comes and goes
 * with it; every other has the one that allows everything.
 */
import type { DatabaseAssignmentAsked } from "@larder/api";
import type { AccessCommanded, AccessCommands } from "../access/access-commands.ts";
import { findPolicy } from "../access/access-rules.ts";
import type { Caches, Place } from "../caches/caches.ts";
import { builtInPolicies } from "../documents/policy-users.ts";

const ownerPolicy = builtInPolicies[0].name;

export class DatabaseAccess {
  readonly #access: AccessCommands;
  readonly #caches: Caches;

  constructor({ access, caches }: { access: AccessCommands; caches: Caches }) {
    this.#access = access;
    this.#caches = caches;
  }

  async put(place: Place, name: string, asked: DatabaseAssignmentAsked): Promise<AccessCommanded> {
    const { objectId, accessString } = asked;
    const own = policyOf(name);
    const made = accessString === undefined ? undefined : await this.#access.putPolicy(place, own, accessString);
    const accessPolicyName = accessString === undefined ? ownerPolicy : own;
    const given = await this.#access.putAssignment(place, name, {
      objectId,
      objectIdAlias: objectId,
      accessPolicyName,
    });
    const dropped = accessString === undefined ? await this.#dropPolicy(place, own) : undefined;
    return { ...given, operation: dropped?.operation ?? given.operation ?? made?.operation };
  }

  async remove(place: Place, name: string): Promise<AccessCommanded> {
    const taken = await this.#access.deleteAssignment(place, name);
    const dropped = await this.#dropPolicy(place, policyOf(name));
    return { ...taken, operation: dropped?.operation ?? taken.operation };
  }

  async #dropPolicy(place: Place, name: string): Promise<AccessCommanded | undefined> {
    const { value: cache } = await this.#caches.require(place);
    if (findPolicy(cache.access, name) === undefined) return undefined;
    if (cache.access.assignments.some(({ policyName }) => policyName.toLowerCase() === name.toLowerCase()))
      return undefined;
    return this.#access.deletePolicy(place, name);
  }
}

/** Of an assignment; as long as names of policies have to be. */
function policyOf(assignmentName: string): string {
  return `of-${assignmentName}`;
}
