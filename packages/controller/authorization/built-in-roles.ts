/**
 * The roles that are there from the start, with Azure's ids, names and actions (its reference of built-in roles). What names
 * services that Larder does not have stays, as tools compare it.
 *
 * Contributor has three exceptions of Larder's own: it is for caches, and changes nothing of the service that they are in. Whoever lets a
 * host join can have every cache's data there, and whoever makes a secret for somebody can become them. Larder Operator, which is no
 * role of Azure's, has the former and not the latter.
 */
import type { Permission } from "@larder/api";

export interface BuiltInRole {
  roleId: string;
  roleName: string;
  description: string;
  permissions: Permission[];
}

function role(
  roleId: string,
  roleName: string,
  description: string,
  actions: string[],
  notActions: string[] = [],
): BuiltInRole {
  return {
    roleId,
    roleName,
    description,
    permissions: [{ actions, notActions, dataActions: [], notDataActions: [] }],
  };
}

export const builtInRoles: readonly BuiltInRole[] = [
  role(
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "Owner",
    "Grants full access to manage all resources, including the ability to assign roles.",
    ["*"],
  ),
  role(
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "Contributor",
    "Grants full access to manage all resources, but does not allow you to assign roles.",
    ["*"],
    [
      "Microsoft.Authorization/*/Delete",
      "Microsoft.Authorization/*/Write",
      "Microsoft.Authorization/elevateAccess/Action",
      "Microsoft.Blueprint/blueprintAssignments/write",
      "Microsoft.Blueprint/blueprintAssignments/delete",
      "Microsoft.Compute/galleries/share/action",
      "Microsoft.Purview/consents/write",
      "Microsoft.Purview/consents/delete",
      "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
      "Larder.Service/*/write",
      "Larder.Service/*/delete",
      "Larder.Service/*/action",
    ],
  ),
  role(
    "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "Reader",
    "View all resources, but does not allow you to make any changes.",
    ["*/read"],
  ),
  role(
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    "User Access Administrator",
    "Lets you manage user access to resources.",
    ["*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"],
  ),
  role(
    "e0f68234-74aa-48ed-b826-c38b57376e17",
    "Redis Cache Contributor",
    "Lets you manage Redis caches, but not access to them.",
    [
      "Microsoft.Authorization/*/read",
      "Microsoft.Cache/register/action",
      "Microsoft.Cache/redis/*",
      "Microsoft.Insights/alertRules/*",
      "Microsoft.ResourceHealth/availabilityStatuses/read",
      "Microsoft.Resources/deployments/*",
      "Microsoft.Resources/subscriptions/resourceGroups/read",
      "Microsoft.Support/*",
    ],
  ),
  role(
    "6b3f0c1e-52d8-4a97-9e64-d07c1f8a2b35",
    "Larder Operator",
    "Lets you add, drain and remove hosts and rotate secrets, but not change caches or who may sign in.",
    ["Larder.Service/*/read", "Larder.Service/hosts/*", "Larder.Service/secrets/*"],
  ),
];

export function builtInRole(roleId: string): BuiltInRole | undefined {
  return builtInRoles.find((each) => each.roleId === roleId.toLowerCase());
}
