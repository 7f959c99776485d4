/** From where gateways let clients come to a cache, by its document alone. */
import { mergeRanges, type RouteNetwork } from "@larder/api";
import type { CacheDocument } from "../documents/cache-document.ts";

/** Any firewall rule keeps out whomever none names. */
export function deriveNetwork({ access, settings }: Pick<CacheDocument, "access" | "settings">): RouteNetwork {
  const ranges = access.firewallRules.map(({ firstAddress: first, lastAddress: last }) => ({ first, last }));
  const approved = access.privateConnections.filter(({ status }) => status === "Approved");
  return {
    hasPublicAccess: settings.publicNetworkAccess !== "Disabled",
    allowed: ranges.length === 0 ? null : mergeRanges(ranges),
    privateNetworks: [...new Set(approved.map(({ network }) => network.toLowerCase()))].sort(),
  };
}
