/**
 * The commands on role definitions and role assignments. Refusals throw LarderError.
 *
 * The store has them; the index is what is decided by, and follows each write at once. Both are read together once, at the start.
 *
 * The last assignment of a role may be removed, the last Owner's too: whoever has the administrator's token of the data directory is
 * Owner of everything and can assign it again.
 */
import {
  isGuid,
  LarderError,
  type Permission,
  type RoleAssignmentBody,
  type RoleDefinitionBody,
  samePrincipal,
} from "@larder/api";
import type { Clock } from "@larder/service";
import { AdmissionLock } from "../caches/admission-lock.ts";
import {
  roleAssignmentKey,
  roleAssignmentsPrefix,
  roleDefinitionKey,
  roleDefinitionsPrefix,
} from "../documents/document-keys.ts";
import type { Authorship, RoleAssignmentDocument, RoleDefinitionDocument } from "../documents/role-document.ts";
import type { Store } from "../store/store.ts";
import { type BuiltInRole, builtInRole, builtInRoles } from "./built-in-roles.ts";
import { authorizationLimits } from "./limits.ts";
import { isWithin, parseScope } from "./resource-scope.ts";
import type { RoleIndex } from "./role-index.ts";
import { findScope } from "./scope-resource.ts";

export interface RolesOptions {
  store: Store;
  index: RoleIndex;
  subscription: string;
  clock: Clock;
}

/** Whether the caller may do this to definitions on a scope, in lower case. */
export type MayOn = (scope: string) => boolean;

export class Roles {
  readonly #options: RolesOptions;
  /** What is checked stays true until it is written. */
  readonly #lock = new AdmissionLock();

  constructor(options: RolesOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { store, index } = this.#options;
    const definitions = await store.list<RoleDefinitionDocument>(roleDefinitionsPrefix);
    for (const { value } of definitions.documents) index.define(value);
    const assignments = await store.list<RoleAssignmentDocument>(roleAssignmentsPrefix);
    for (const { value } of assignments.documents) index.assign(value);
  }

  /** Of either kind. Throws RoleDefinitionDoesNotExist. */
  definition(roleId: string): RoleDefinitionDocument | BuiltInRole {
    const found = builtInRole(roleId) ?? this.#options.index.definition(roleId.toLowerCase());
    if (found !== undefined) return found;
    throw new LarderError(
      "RoleDefinitionDoesNotExist",
      `The specified role definition with ID '${roleId}' does not exist.`,
    );
  }

  /** Of the roles that the principal has on the scope, in lower case. */
  permissionsOf(principalId: string, scope: string): Permission[] {
    return [...this.#options.index.rolesOn(principalId, scope)].flatMap(
      (roleId) => this.definition(roleId).permissions,
    );
  }

  /** Makes or changes a role. `mayOn` is asked about every scope that the role was or is to be for. */
  define(roleId: string, body: RoleDefinitionBody, by: string, mayOn: MayOn) {
    return this.#lock.exclusively(async () => {
      const before = this.#custom(roleId);
      this.#requireScopes([...body.assignableScopes, ...(before?.assignableScopes ?? [])], mayOn);
      this.#requireNewName(body.roleName, roleId);
      this.#requireStillFor(roleId, body);
      const { index, store } = this.#options;
      if (before === undefined && index.definitions.length >= authorizationLimits.roleDefinitionsMax)
        throw new LarderError(
          "RoleDefinitionLimitExceeded",
          `There are ${authorizationLimits.roleDefinitionsMax} custom roles; there may be no more.`,
        );
      const definition: RoleDefinitionDocument = {
        ...body,
        roleId: roleId.toLowerCase(),
        ...this.#authorship(by, before),
      };
      await store.transact({ put: [{ key: roleDefinitionKey(roleId), value: definition }] });
      index.define(definition);
      return { definition, created: before === undefined };
    });
  }

  /** undefined: there was none. Throws RoleDefinitionHasAssignments. */
  undefine(roleId: string, mayOn: MayOn): Promise<RoleDefinitionDocument | undefined> {
    return this.#lock.exclusively(async () => {
      const definition = this.#custom(roleId);
      if (definition === undefined) return undefined;
      this.#requireScopes(definition.assignableScopes, mayOn);
      const { index, store } = this.#options;
      if (index.assignments.some((assignment) => assignment.roleId === definition.roleId))
        throw new LarderError(
          "RoleDefinitionHasAssignments",
          `There are existing role assignments referencing role '${definition.roleName}'.`,
        );
      await store.transact({ delete: [roleDefinitionKey(roleId)] });
      index.undefine(definition.roleId);
      return definition;
    });
  }

  /** Of a scope and name. Throws RoleAssignmentNotFound. */
  assignment(scope: string, name: string): RoleAssignmentDocument {
    const found = this.#find(scope, name);
    if (found !== undefined) return found;
    throw new LarderError("RoleAssignmentNotFound", `The role assignment '${name}' is not found.`);
  }

  /** `scope` in the caller's casing. Of an assignment that is there only the description changes. */
  assign(scope: string, name: string, body: RoleAssignmentBody, by: string) {
    return this.#lock.exclusively(async () => {
      if (!isGuid(name))
        throw new LarderError("InvalidResourceName", "The name of a role assignment must be a GUID.", {
          target: "name",
        });
      const roleId = this.#assignable(body.roleDefinitionId, scope);
      const { index, store } = this.#options;
      const before = index.assignment(name.toLowerCase());
      const { resourceId } = await findScope(store, this.#options.subscription, scope);
      const assignment: RoleAssignmentDocument = {
        name: name.toLowerCase(),
        scope: before?.scope ?? scope,
        roleId,
        principalId: body.principalId,
        principalType: before?.principalType ?? body.principalType,
        description: body.description,
        resourceId,
        ...this.#authorship(by, before),
      };
      if (before === undefined) this.#requireNew(assignment);
      else requireSame(before, assignment, scope);
      await store.transact({ put: [{ key: roleAssignmentKey(name), value: assignment }] });
      index.assign(assignment);
      return { assignment, created: before === undefined };
    });
  }

  /** undefined: there was none. */
  unassign(scope: string, name: string): Promise<RoleAssignmentDocument | undefined> {
    return this.#lock.exclusively(async () => {
      const found = this.#find(scope, name);
      if (found !== undefined) await this.remove([found]);
      return found;
    });
  }

  async remove(assignments: readonly RoleAssignmentDocument[]): Promise<void> {
    if (assignments.length === 0) return;
    await this.#options.store.transact({ delete: assignments.map(({ name }) => roleAssignmentKey(name)) });
    for (const { name } of assignments) this.#options.index.unassign(name);
  }

  #find(scope: string, name: string): RoleAssignmentDocument | undefined {
    const found = this.#options.index.assignment(name.toLowerCase());
    return found?.scope.toLowerCase() === scope.toLowerCase() ? found : undefined;
  }

  /** Throws where the role is built in. */
  #custom(roleId: string): RoleDefinitionDocument | undefined {
    if (!isGuid(roleId))
      throw new LarderError("InvalidResourceName", "The name of a role definition must be a GUID.", { target: "name" });
    const builtIn = builtInRole(roleId);
    if (builtIn !== undefined)
      throw new LarderError("InvalidParameter", `The role '${builtIn.roleName}' is built in and cannot be changed.`, {
        target: "name",
      });
    return this.#options.index.definition(roleId.toLowerCase());
  }

  #requireScopes(scopes: readonly string[], mayOn: MayOn): void {
    for (const scope of scopes) {
      if (parseScope(scope)?.subscription.toLowerCase() !== this.#options.subscription)
        throw new LarderError(
          "InvalidParameter",
          `'${scope}' is no scope of this service: a subscription, a resource group or a resource.`,
          { target: "properties.assignableScopes" },
        );
      if (!mayOn(scope.toLowerCase()))
        throw new LarderError(
          "AuthorizationFailed",
          `A role can be changed by those who may do so on all of its assignable scopes; '${scope}' is not one of the caller's.`,
        );
    }
  }

  #requireNewName(roleName: string, roleId: string): void {
    const same = (other: { roleName: string; roleId: string }) =>
      other.roleName.toLowerCase() === roleName.toLowerCase() && other.roleId !== roleId.toLowerCase();
    if ([...builtInRoles, ...this.#options.index.definitions].some(same))
      throw new LarderError("RoleDefinitionWithSameNameExists", `There is another role with the name '${roleName}'.`);
  }

  /** Who has the role somewhere must not find it gone from there. */
  #requireStillFor(roleId: string, { assignableScopes }: RoleDefinitionBody): void {
    const lost = this.#options.index.assignments.find(
      (assignment) => assignment.roleId === roleId.toLowerCase() && !isFor(assignableScopes, assignment.scope),
    );
    if (lost !== undefined)
      throw new LarderError(
        "RoleDefinitionHasAssignments",
        `The role is assigned on '${lost.scope}', which its assignable scopes would not have any more.`,
      );
  }

  /** The id of a role that may be assigned there. */
  #assignable(roleDefinitionId: string, scope: string): string {
    const [, roleId] =
      /^(?:\/subscriptions\/[^/]+)?\/providers\/microsoft\.authorization\/roledefinitions\/([^/]+)$/i.exec(
        roleDefinitionId,
      ) ?? [];
    if (roleId === undefined && !isGuid(roleDefinitionId))
      throw new LarderError("InvalidParameter", "'roleDefinitionId' must be the id of a role definition.", {
        target: "properties.roleDefinitionId",
      });
    const definition = this.definition(roleId ?? roleDefinitionId);
    if ("assignableScopes" in definition && !isFor(definition.assignableScopes, scope))
      throw new LarderError(
        "InvalidParameter",
        `The role '${definition.roleName}' cannot be assigned on '${scope}': it is not among its assignable scopes.`,
        { target: "properties.roleDefinitionId" },
      );
    return definition.roleId;
  }

  #requireNew({ principalId, roleId, scope }: RoleAssignmentDocument): void {
    const { index } = this.#options;
    if (index.held(principalId, scope.toLowerCase()).some((held) => held.roleId === roleId))
      throw new LarderError("RoleAssignmentExists", "The role assignment already exists.");
    if (index.assignments.length >= authorizationLimits.roleAssignmentsMax)
      throw new LarderError(
        "RoleAssignmentLimitExceeded",
        `There are ${authorizationLimits.roleAssignmentsMax} role assignments; there may be no more.`,
      );
  }

  #authorship(by: string, before: Authorship | undefined): Authorship {
    const updatedMs = this.#options.clock.nowMs();
    return { createdMs: before?.createdMs ?? updatedMs, createdBy: before?.createdBy ?? by, updatedMs, updatedBy: by };
  }
}

function isFor(assignableScopes: readonly string[], scope: string): boolean {
  return assignableScopes.some((outer) => isWithin(scope.toLowerCase(), outer.toLowerCase()));
}

function requireSame(before: RoleAssignmentDocument, after: RoleAssignmentDocument, scope: string): void {
  const isSame =
    before.scope.toLowerCase() === scope.toLowerCase() &&
    before.roleId === after.roleId &&
    before.principalId === samePrincipal(after.principalId);
  if (!isSame)
    throw new LarderError(
      "RoleAssignmentUpdateNotPermitted",
      "Role, principal and scope of a role assignment cannot be changed.",
    );
}
