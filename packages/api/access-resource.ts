/** Who may use a cache's data: `…/redis/{name}/accessPolicies` and `…/accessPolicyAssignments`, as they stand on the wire. */

export interface AccessPolicyResource {
  id: string;
  name: string;
  type: "Microsoft.Cache/Redis/accessPolicies";
  properties: {
    provisioningState: AccessState;
    type: "BuiltIn" | "Custom";
    permissions: string;
  };
}

export interface AccessAssignmentResource {
  id: string;
  name: string;
  type: "Microsoft.Cache/Redis/accessPolicyAssignments";
  properties: {
    provisioningState: AccessState;
    objectId: string;
    objectIdAlias: string;
    accessPolicyName: string;
  };
}

/** Updating: not every engine and gateway has it yet. Failed: an engine does not take the policy. */
export type AccessState = "Updating" | "Succeeded" | "Failed";

export interface AccessAssignmentBody {
  /** Who: the `oid` of tokens. */
  objectId: string;
  /** The user name that goes with the token. */
  objectIdAlias: string;
  accessPolicyName: string;
}
