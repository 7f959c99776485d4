/** `Microsoft.Cache/redis/privateEndpointConnections` and `privateLinkResources`. */
import { redisParent } from "../network/private-link-parent.ts";
import { privateLink } from "./private-link.ts";
import { oneCache } from "./redis-caches.ts";

export const redisPrivateLink = privateLink(oneCache, redisParent);
