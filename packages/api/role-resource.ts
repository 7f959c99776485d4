/** `Microsoft.Authorization`: role definitions and role assignments, as the API has them. */
export const roleApiVersion = "2022-04-01";

export interface Permission {
  actions: string[];
  notActions: string[];
  dataActions: string[];
  notDataActions: string[];
}

/** Azure knows groups too; a token's groups count for nothing here. */
export const principalTypes = ["User", "ServicePrincipal"] as const;
export type PrincipalType = (typeof principalTypes)[number];

interface Authored {
  createdOn: string | null;
  updatedOn: string | null;
  createdBy: string | null;
  updatedBy: string | null;
}

export interface RoleDefinitionResource {
  id: string;
  name: string;
  type: "Microsoft.Authorization/roleDefinitions";
  properties: {
    roleName: string;
    type: "BuiltInRole" | "CustomRole";
    description: string;
    assignableScopes: string[];
    permissions: Permission[];
  } & Authored;
}

export interface RoleAssignmentResource {
  id: string;
  name: string;
  type: "Microsoft.Authorization/roleAssignments";
  properties: {
    roleDefinitionId: string;
    principalId: string;
    principalType: PrincipalType;
    scope: string;
    description: string | null;
    condition: null;
    conditionVersion: null;
    delegatedManagedIdentityResourceId: null;
  } & Authored;
}

export interface RoleDefinitionBody {
  roleName: string;
  description: string;
  permissions: Permission[];
  assignableScopes: string[];
}

export interface RoleAssignmentBody {
  roleDefinitionId: string;
  principalId: string;
  principalType: PrincipalType;
  description: string | null;
}
