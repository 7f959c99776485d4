/**
 * Every operation that the API answers, as roles name it. Refusals and records show their casing; nothing is decided by it. A test
 * compares it with the routes.
 */
import { cacheOperations } from "../http/provider-operations.ts";

export const operationNames: readonly string[] = [
  ...cacheOperations.map((name) => `Microsoft.Cache/${name}`),
  "Microsoft.Resources/tenants/read",
  "Microsoft.Resources/subscriptions/read",
  "Microsoft.Resources/subscriptions/providers/read",
  "Microsoft.Resources/subscriptions/locations/read",
  "Microsoft.Resources/subscriptions/operationresults/read",
  "Microsoft.Resources/subscriptions/resources/read",
  "Microsoft.Resources/subscriptions/tagNames/read",
  "Microsoft.Resources/subscriptions/resourceGroups/exportTemplate/action",
  "Microsoft.Resources/tags/read",
  "Microsoft.Resources/tags/write",
  "Microsoft.Resources/tags/delete",
  "Microsoft.Resources/deployments/read",
  "Microsoft.Resources/deployments/write",
  "Microsoft.Resources/deployments/validate/action",
  "Microsoft.Resources/deployments/whatIf/action",
  "Microsoft.Resources/subscriptions/resourceGroups/read",
  "Microsoft.Resources/subscriptions/resourceGroups/write",
  "Microsoft.Resources/subscriptions/resourceGroups/delete",
  "Microsoft.Resources/subscriptions/resourceGroups/resources/read",
  "Microsoft.Authorization/roleAssignments/read",
  "Microsoft.Authorization/roleAssignments/write",
  "Microsoft.Authorization/roleAssignments/delete",
  "Microsoft.Authorization/roleDefinitions/read",
  "Microsoft.Authorization/roleDefinitions/write",
  "Microsoft.Authorization/roleDefinitions/delete",
  "Microsoft.Authorization/permissions/read",
  "Microsoft.Insights/eventtypes/values/read",
  "Larder.Service/metrics/read",
  "Larder.Service/hosts/read",
  "Larder.Service/hosts/delete",
  "Larder.Service/hosts/tokens/action",
  "Larder.Service/hosts/drain/action",
  "Larder.Service/hosts/undrain/action",
  "Larder.Service/secrets/rotate/action",
  "Larder.Service/principals/read",
  "Larder.Service/principals/action",
  "Larder.Service/principals/delete",
  "Larder.Service/principals/secrets/action",
  "Larder.Service/principals/secrets/delete",
  "Larder.Service/principals/password/write",
  "Larder.Service/privateNetworks/read",
  "Microsoft.Network/privateEndpoints/read",
  "Microsoft.Network/privateEndpoints/write",
  "Microsoft.Network/privateEndpoints/delete",
];

const shown = new Map(operationNames.map((name) => [name.toLowerCase(), name]));

/** An action that no route has stays in lower case. */
export function shownAction(action: string): string {
  return shown.get(action) ?? action;
}
