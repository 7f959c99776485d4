/** Which sizes a cluster can be scaled to now, with the hosts and the data as they are: those of which no rule would refuse it. Pure. */
import { type EnterpriseSize, enterpriseSize, LarderError, offeredEnterpriseSizes } from "@larder/api";
import { checkScale, type ScaleFacts } from "../caches/scaling-rules.ts";
import type { CacheDocument } from "../documents/cache-document.ts";
import { changedCluster } from "./cluster-rules.ts";
import type { Cluster } from "./clusters.ts";
import { changedDatabase } from "./database-rules.ts";

export function sizesToScaleTo({ stored, database }: Cluster, facts: ScaleFacts): EnterpriseSize[] {
  const { value: cluster } = stored;
  const kind = enterpriseSize(cluster.sku.name)?.kind;
  return offeredEnterpriseSizes().filter((size) => {
    if (size.kind !== kind || size.name === cluster.sku.name) return false;
    const capacity = kind === "v1" ? { capacity: cluster.sku.capacity ?? 2 } : {};
    return isAllowed(() => {
      const next = changedCluster(cluster, { sku: { name: size.name, ...capacity } });
      if (database === undefined) return;
      const cache: CacheDocument = { ...database.value, ...changedDatabase(next, {}, database.value) };
      checkScale(database.value, cache, facts);
    });
  });
}

function isAllowed(judge: () => void): boolean {
  try {
    judge();
    return true;
  } catch (error) {
    if (error instanceof LarderError) return false;
    throw error;
  }
}
