/** `Microsoft.Cache/redisEnterprise/privateEndpointConnections` and `privateLinkResources`. */
import { enterpriseParent } from "../network/private-link-parent.ts";
import { oneCluster } from "./enterprise-paths.ts";
import { privateLink } from "./private-link.ts";

export const enterprisePrivateLink = privateLink(oneCluster, enterpriseParent);
