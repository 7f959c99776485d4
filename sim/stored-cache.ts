/** The one cache of a run, as its owner has just asked for it. */
import type { CacheNode } from "../packages/controller/documents/cache-document.ts";
import { cacheFixture } from "../packages/controller/documents/cache-fixture.ts";
import { cacheKey, operationKey } from "../packages/controller/documents/document-keys.ts";
import type { OperationDocument } from "../packages/controller/documents/operation-document.ts";

const operationId = "op-1";
const createTimeoutMs = 120_000;

export const cacheStoreKey = cacheKey("shop");
export const operationStoreKey = operationKey(operationId);

export function storedCache(
  nodes: CacheNode[],
  { isDurable }: { isDurable: boolean },
  startMs: number,
): { key: string; value: unknown }[] {
  const { settings, subscription, location } = cacheFixture();
  const sku = { name: "Premium", family: "P", capacity: 1 } as const;
  const cache = cacheFixture({
    nodes,
    settings: { ...settings, sku, replicas: nodes.length - 1, durableWrites: isDurable },
    change: { kind: "create", operationId, deadlineMs: startMs + createTimeoutMs },
  });
  const operation: OperationDocument = {
    operationId,
    kind: "create",
    subscription,
    location,
    startMs,
    endMs: null,
    error: null,
  };
  return [
    { key: cacheStoreKey, value: cache },
    { key: operationStoreKey, value: operation },
  ];
}
