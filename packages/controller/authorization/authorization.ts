/**
 * Whether a caller may do what a call asks for. The administrator may do everything; everybody else what a role of theirs grants, on the
 * scope or above it.
 *
 * Some things are for everybody who has any role in the subscription, as no client can do without them: the subscription itself, where it
 * has what, and what they may do. What the whole service has in common is for everybody who has signed in, and so is how a long-running
 * operation goes, whose id nobody can guess.
 */
import { LarderError } from "@larder/api";
import type { Caller } from "../http/api-context.ts";
import { shownAction } from "./operation-names.ts";
import { type RequestedAccess, requestedAccess, rootScope } from "./requested-access.ts";
import type { RoleIndex } from "./role-index.ts";

const forMembers = new Set([
  "microsoft.authorization/permissions/read",
  "microsoft.resources/subscriptions/read",
  "microsoft.resources/subscriptions/locations/read",
  "microsoft.resources/subscriptions/providers/read",
  "microsoft.cache/skus/read",
]);

/** Whoever has deleted the last thing that they had a role on still polls. */
const polls = new Set([
  "microsoft.resources/subscriptions/operationresults/read",
  "microsoft.cache/locations/asyncoperations/read",
  "microsoft.cache/locations/operationresults/read",
  "microsoft.cache/locations/operationsstatus/read",
  "microsoft.cache/redisenterprise/operationresults/read",
]);

const forAll = new Set([
  "microsoft.resources/tenants/read",
  "microsoft.cache/operations/read",
  "microsoft.authorization/roledefinitions/read",
]);

/** listed: the answer has what the caller may read, and nothing else. */
export type Decision = "allowed" | "listed" | "refused";

export class Authorization {
  readonly #index: RoleIndex;
  readonly #subscription: string;
  #refused = 0;

  constructor({ index, subscription }: { index: RoleIndex; subscription: string }) {
    this.#index = index;
    this.#subscription = subscription;
  }

  /** For `GET /metrics`. */
  get samples(): readonly (readonly [string, number])[] {
    return [
      ["larder_api_requests_refused_total", this.#refused],
      ["larder_role_assignments", this.#index.assignments.length],
      ["larder_role_definitions", this.#index.definitions.length],
    ];
  }

  decide(caller: Caller, access: RequestedAccess): Decision {
    if (this.allows(caller, access.action, access.scope)) return "allowed";
    const isMember = access.scope === rootScope || this.#index.hasRoleWithin(caller.objectId, access.scope);
    return access.isListing && isMember ? "listed" : "refused";
  }

  /** Action and scope in lower case. */
  allows(caller: Caller, action: string, scope: string): boolean {
    if (caller.kind === "administrator" || this.#index.allows(caller.objectId, action, scope)) return true;
    if (polls.has(action) || (scope === rootScope && forAll.has(action))) return true;
    return forMembers.has(action) && this.#isMember(caller, scope);
  }

  /** Whether the resource of that id may be read. */
  mayRead(caller: Caller, id: string): boolean {
    const access = requestedAccess("GET", id, this.#subscription);
    return access !== undefined && this.allows(caller, access.action, access.scope);
  }

  /** For what a body names besides the resource of the path. Throws AuthorizationFailed. */
  require(caller: Caller, method: string, id: string): void {
    const access = requestedAccess(method, id, this.#subscription);
    if (access === undefined || !this.allows(caller, access.action, access.scope)) throw this.refusal(caller, access);
  }

  /** In Azure's words, which leave open whether there is such a scope. */
  refusal({ name, objectId }: Caller, access: RequestedAccess | undefined): LarderError {
    this.#refused++;
    const what =
      access === undefined
        ? "perform this action"
        : `perform action '${shownAction(access.action)}' over scope '${access.shownScope}' or the scope is invalid`;
    return new LarderError(
      "AuthorizationFailed",
      `The client '${name}' with object id '${objectId}' does not have authorization to ${what}. If access was recently granted, please refresh your credentials.`,
    );
  }

  #isMember({ objectId }: Caller, scope: string): boolean {
    const subscription = `/subscriptions/${this.#subscription}`;
    return (
      (scope === subscription || scope.startsWith(`${subscription}/`)) &&
      this.#index.hasRoleWithin(objectId, subscription)
    );
  }
}
