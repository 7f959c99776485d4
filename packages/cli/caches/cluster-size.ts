/** Sizes of clusters as people type them. Pure. */
import { enterpriseSize, enterpriseTiers, offeredEnterpriseSizes } from "@larder/api/enterprise-skus";

const tiers = [...enterpriseTiers, "FlashOptimized", "Enterprise", "EnterpriseFlash"];

/** The name of a cluster's size, of whatever a person may type for one: "Balanced_B0", "memoryoptimized m10", "B0". undefined: it is none. */
export function clusterSizeName(text: string): string | undefined {
  const typed = text.trim().replace(/[ -]/, "_").toLowerCase();
  const named = offeredEnterpriseSizes().find(({ name }) => `_${name.toLowerCase()}`.endsWith(`_${typed}`));
  if (named !== undefined) return named.name;
  const isOfTier = tiers.some((tier) => typed.startsWith(`${tier.toLowerCase()}_`));
  return isOfTier ? (enterpriseSize(typed)?.name ?? text.trim().replace(/[ -]/, "_")) : undefined;
}
