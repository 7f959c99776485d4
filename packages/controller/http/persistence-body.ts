/** A cache's persistence as the management API shows it: what its settings say, and what its nodes report. No secrets. */
import { describeLocation, type LarderPersistence } from "@larder/api";
import type { CacheDocument } from "../documents/cache-document.ts";
import { derivePersistence } from "../documents/persistence.ts";
import type { CacheSeen } from "../reconcile/plan/observed.ts";

const minuteMs = 60_000;

export function persistenceBody(cache: CacheDocument, { nodes }: CacheSeen): LarderPersistence | null {
  const wanted = derivePersistence(cache);
  if (wanted === null) return null;
  const seen = nodes.flatMap(({ seen: node }) =>
    node?.persistence ? [{ ...node.persistence, nodeId: node.nodeId }] : [],
  );
  const problem = seen.find((node) => node.problem !== null)?.problem ?? null;
  const restored = nodes.find(({ nodeId }) => nodeId === cache.route.node?.nodeId)?.seen?.restored ?? null;
  return {
    snapshotEveryMinutes: wanted.snapshotEveryMs === null ? null : wanted.snapshotEveryMs / minuteMs,
    aof: wanted.hasAof ? (isKeptBy(nodes.length, seen) ? "on" : "starting") : "off",
    lastSnapshotAt: newest(seen.map(({ lastSnapshot }) => lastSnapshot?.endedAtMs ?? null)),
    copyTo: wanted.copyTo === null ? null : describeLocation(wanted.copyTo),
    copiedAt: newest(seen.map(({ copiedAtMs }) => copiedAtMs)),
    restored: restored && { from: restored.from, savedAt: new Date(restored.savedAtMs).toISOString() },
    loading: seen.find(({ loading }) => loading !== null)?.loading ?? null,
    failures: seen.reduce((sum, { failures }) => sum + failures, 0),
    setAside: seen.flatMap(({ nodeId, setAside }) => setAside.map((one) => ({ node: nodeId, ...one }))),
    problem,
  };
}

/** By all of its nodes: any may be the one that is left. */
function isKeptBy(count: number, seen: readonly { hasAof: boolean }[]): boolean {
  return seen.length === count && seen.every(({ hasAof }) => hasAof);
}

function newest(moments: readonly (number | null)[]): string | null {
  const latestMs = Math.max(...moments.map((moment) => moment ?? 0), 0);
  return latestMs === 0 ? null : new Date(latestMs).toISOString();
}
