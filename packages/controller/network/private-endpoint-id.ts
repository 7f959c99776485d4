import { resourceGroupId } from "@larder/api";
import type { PrivateEndpointDocument } from "../documents/private-endpoint-document.ts";

export function endpointId(at: Pick<PrivateEndpointDocument, "subscription" | "resourceGroup" | "name">): string {
  return `${resourceGroupId(at.subscription, at.resourceGroup)}/providers/Microsoft.Network/privateEndpoints/${at.name}`;
}
