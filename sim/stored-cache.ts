/** What the store has at the start of a run: its hosts, and one cache, as its owner has just asked for it. */
import { cacheFixture, nodeFixture } from "../packages/controller/documents/cache-fixture.ts";
import { limitsOf } from "../packages/controller/documents/derive.ts";
import { cacheKey, hostKey, operationKey } from "../packages/controller/documents/document-keys.ts";
import type { HostDocument } from "../packages/controller/documents/host-document.ts";
import type { OperationDocument } from "../packages/controller/documents/operation-document.ts";
import { engines } from "./engines.ts";
import type { Scenario } from "./scenario.ts";

const operationId = "op-1";
const createTimeoutMs = 120_000;

export const cacheStoreKey = cacheKey("shop");
export const operationStoreKey = operationKey(operationId);

export function storedAtStart(
  { hosts, nodes: count, isDurable, isPersistent }: Pick<Scenario, "hosts" | "nodes" | "isDurable" | "isPersistent">,
  startMs: number,
): { key: string; value: unknown }[] {
  const { settings, subscription, location } = cacheFixture();
  const sku = { name: "Premium", family: "P", capacity: 1 } as const;
  const { memoryBytes } = limitsOf({ settings: { ...settings, sku } });
  const nodes = Array.from({ length: count }, (_, index) => ({
    ...nodeFixture(`node-${index + 1}`, `host-${1 + (index % hosts)}`),
    memoryBytes,
    engine: engines.old,
  }));
  const cache = cacheFixture({
    nodes,
    settings: {
      ...settings,
      ...{ sku, replicas: count - 1, durableWrites: isDurable },
      ...(isPersistent ? { redisConfiguration: { "aof-backup-enabled": "true" }, persistedSinceMs: startMs } : {}),
    },
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
    ...Array.from({ length: hosts }, (_, index) => storedHost(`host-${index + 1}`)),
  ];
}

function storedHost(hostId: string): { key: string; value: HostDocument } {
  const value: HostDocument = {
    hostId,
    name: hostId,
    address: "127.0.0.1",
    zone: null,
    state: "active",
    joinedMs: 0,
    certificates: [],
  };
  return { key: hostKey(hostId), value };
}
