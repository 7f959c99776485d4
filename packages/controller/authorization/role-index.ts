/**
 * All roles and assignments in memory, found by principal and scope: a decision walks up from the scope asked for, and costs as many
 * look-ups as that has segments, however many assignments there are.
 */
import type { Permission } from "@larder/api";
import type { RoleAssignmentDocument, RoleDefinitionDocument } from "../documents/role-document.ts";
import { compilePermission, type GrantedActions, grants } from "./action-pattern.ts";
import { builtInRoles } from "./built-in-roles.ts";
import { ancestorsOf, isWithin } from "./resource-scope.ts";

export class RoleIndex {
  readonly #definitions = new Map<string, RoleDefinitionDocument>();
  readonly #assignments = new Map<string, RoleAssignmentDocument>();
  readonly #granted = new Map<string, GrantedActions[]>();
  /** Principal → scope in lower case → assignments by name. */
  readonly #held = new Map<string, Map<string, Map<string, RoleAssignmentDocument>>>();

  constructor() {
    for (const { roleId, permissions } of builtInRoles) this.#compile(roleId, permissions);
  }

  get definitions(): readonly RoleDefinitionDocument[] {
    return [...this.#definitions.values()];
  }

  get assignments(): readonly RoleAssignmentDocument[] {
    return [...this.#assignments.values()];
  }

  definition(roleId: string): RoleDefinitionDocument | undefined {
    return this.#definitions.get(roleId);
  }

  assignment(name: string): RoleAssignmentDocument | undefined {
    return this.#assignments.get(name);
  }

  /** Of one principal on one scope, in lower case. */
  held(principalId: string, scope: string): RoleAssignmentDocument[] {
    return [...(this.#held.get(principalId)?.get(scope)?.values() ?? [])];
  }

  /** The roles that the principal has on the scope, in lower case, or above it. */
  rolesOn(principalId: string, scope: string): Set<string> {
    return new Set([...ancestorsOf(scope)].flatMap((each) => this.held(principalId, each).map(({ roleId }) => roleId)));
  }

  define(definition: RoleDefinitionDocument): void {
    this.#definitions.set(definition.roleId, definition);
    this.#compile(definition.roleId, definition.permissions);
  }

  undefine(roleId: string): void {
    this.#definitions.delete(roleId);
    this.#granted.delete(roleId);
  }

  assign(assignment: RoleAssignmentDocument): void {
    this.unassign(assignment.name);
    const { name, principalId } = assignment;
    const scopes = this.#held.get(principalId) ?? new Map<string, Map<string, RoleAssignmentDocument>>();
    const scope = assignment.scope.toLowerCase();
    this.#assignments.set(name, assignment);
    this.#held.set(principalId, scopes.set(scope, (scopes.get(scope) ?? new Map()).set(name, assignment)));
  }

  unassign(name: string): void {
    const assignment = this.#assignments.get(name);
    if (assignment === undefined) return;
    this.#assignments.delete(name);
    const scopes = this.#held.get(assignment.principalId);
    const scope = assignment.scope.toLowerCase();
    scopes?.get(scope)?.delete(name);
    if (scopes?.get(scope)?.size === 0) scopes.delete(scope);
    if (scopes?.size === 0) this.#held.delete(assignment.principalId);
  }

  /** Whether one of the principal's roles, on the scope or above it, grants the action. Both in lower case. */
  allows(principalId: string, action: string, scope: string): boolean {
    const scopes = this.#held.get(principalId);
    if (scopes === undefined) return false;
    for (const ancestor of ancestorsOf(scope))
      for (const { roleId } of scopes.get(ancestor)?.values() ?? [])
        if (this.#granted.get(roleId)?.some((permission) => grants(permission, action))) return true;
    return false;
  }

  /** Whether the principal has any role on the scope or on something in it. */
  hasRoleWithin(principalId: string, scope: string): boolean {
    for (const held of this.#held.get(principalId)?.keys() ?? []) if (isWithin(held, scope)) return true;
    return false;
  }

  #compile(roleId: string, permissions: readonly Permission[]): void {
    this.#granted.set(roleId, permissions.map(compilePermission));
  }
}
