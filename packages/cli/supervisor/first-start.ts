/** What a service has after its first start. Safe to repeat when that start was interrupted. */
import type { ManagementClient } from "@larder/api/management-client";

export const defaultResourceGroup = "default";
export const quickstartName = "quickstart";
const location = "local";

export async function makeFirstResources(
  client: Pick<ManagementClient, "putResourceGroup" | "createCache">,
  options: { quickstart: boolean },
): Promise<void> {
  await client.putResourceGroup(defaultResourceGroup, { location });
  if (!options.quickstart) return;
  await client.createCache(
    { resourceGroup: defaultResourceGroup, name: quickstartName },
    { location, properties: { sku: { name: "Basic", family: "C", capacity: 0 } } },
  );
}
