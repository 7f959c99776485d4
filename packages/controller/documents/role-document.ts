/** Roles and who has them, as the store keeps them. Roles that are built in are not there. */
import type { Permission, PrincipalType } from "@larder/api";

/** By whom and when, in milliseconds since 1970. */
export interface Authorship {
  createdMs: number;
  createdBy: string;
  updatedMs: number;
  updatedBy: string;
}

export interface RoleDefinitionDocument extends Authorship {
  /** A GUID in lower case. */
  roleId: string;
  roleName: string;
  description: string;
  permissions: Permission[];
  /** Where it may be assigned: these and what is in them. */
  assignableScopes: string[];
}

export interface RoleAssignmentDocument extends Authorship {
  /** A GUID in lower case. */
  name: string;
  /** In the casing of whoever assigned it. */
  scope: string;
  roleId: string;
  /** The `oid` of tokens, or the `sub` of issuers that have none. */
  principalId: string;
  principalType: PrincipalType;
  description: string | null;
  /** Of the resource that `scope` is or is in, or of the group that it is, so that another one of its name is not meant; null: it has none. */
  resourceId: string | null;
}
