/**
 * `GET /metrics` in the Prometheus text format (0.0.4): the gateways' numbers, summed over all workers, and the
 * controller's own. A metric whose name ends in `_total` is a counter, every other a gauge.
 */
import type { Hono } from "hono";
import { provisioningState, servingNode } from "../documents/cache-document.ts";
import { observeCache } from "../reconcile/observe.ts";
import type { TransferSeen } from "../transfers/transfers.ts";
import type { ApiContext, ApiEnvironment } from "./api-context.ts";
import { persistenceBody } from "./persistence-body.ts";

const contentType = "text/plain; version=0.0.4; charset=utf-8";
const samplePattern = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[^\n]*\})?$/;

export function metrics(app: Hono<ApiEnvironment>, api: ApiContext): void {
  app.get("/metrics", async (context) => {
    const samples = new Map<string, number>();
    for (const [sample, value] of api.observations.gateways.metrics()) samples.set(sample, value);
    for (const [sample, value] of await ownSamples(api)) samples.set(sample, value);
    return context.body(renderMetrics(samples), 200, { "content-type": contentType });
  });
}

async function ownSamples(api: ApiContext): Promise<Map<string, number>> {
  const samples = new Map<string, number>([
    ["larder_agents_connected", api.observations.agentReports().length],
    ["larder_agent_reports_too_old_total", api.observations.reportsTooOld],
    ["larder_hosts", (await api.hosts.all()).length],
    ["larder_hosts_draining", api.hosts.draining.size],
    ["larder_agent_door_connections", api.joining?.connectionCount() ?? 0],
    ["larder_orders_unanswered", api.orders.unanswered],
    ["larder_gateways_connected", api.observations.gateways.connectedReports().length],
    ...api.callers.samples,
    ...api.authorization.samples,
    ...api.audit.samples,
    ...api.certificates.samples(),
    ...api.issuerSamples(),
  ]);
  for (const [sample, value] of api.identity?.metrics() ?? []) samples.set(sample, value);
  for (const [kind, count] of await api.transfers.countUnderWay())
    samples.set(`larder_transfers_under_way{kind="${kind}"}`, count);
  for (const stored of await api.caches.all()) {
    const { value: cache } = stored;
    const state = `larder_caches{state="${provisioningState(cache)}"}`;
    samples.set(state, (samples.get(state) ?? 0) + 1);
    const used = api.observations.node(servingNode(cache)).node?.memoryBytesUsed;
    if (used != null) samples.set(`larder_cache_memory_used_bytes{cache="${cache.name}"}`, used);
    addTransfers(samples, cache.name, await api.transfers.underWay(cache));
    for (const [what, atMs] of Object.entries(await api.backups.newest(cache)))
      if (atMs !== null)
        samples.set(`larder_cache_${what}_age_seconds{cache="${cache.name}"}`, ageSeconds(atMs, api.clock.nowMs()));
    const kept = persistenceBody(cache, observeCache(stored, api.observations, api.published));
    if (kept === null) continue;
    samples.set(`larder_cache_persistence_failures{cache="${cache.name}"}`, kept.failures);
    samples.set(`larder_cache_persistence_problem{cache="${cache.name}"}`, kept.problem === null ? 0 : 1);
    if (kept.lastSnapshotAt === null) continue;
    const ageOfSnapshot = ageSeconds(Date.parse(kept.lastSnapshotAt), api.clock.nowMs());
    samples.set(`larder_cache_snapshot_age_seconds{cache="${cache.name}"}`, ageOfSnapshot);
  }
  return samples;
}

/** Of one kind together. */
function addTransfers(samples: Map<string, number>, cache: string, transfers: readonly TransferSeen[]): void {
  for (const { transfer, progress } of transfers) {
    if (progress === null) continue;
    const labels = `{cache="${cache}",kind="${transfer.task.kind}"}`;
    const { keys, bytes, lagBytes } = progress;
    for (const [what, value] of Object.entries({ keys, bytes, lag_bytes: lagBytes })) {
      const name = `larder_transfer_${what}${labels}`;
      if (value !== null) samples.set(name, (samples.get(name) ?? 0) + value);
    }
  }
}

function ageSeconds(atMs: number, nowMs: number): number {
  return Math.round(Math.max(0, nowMs - atMs) / 1_000);
}

/** Samples by name and labels: `larder_caches{state="Failed"}`. Those whose names the format does not allow are left out. */
export function renderMetrics(samples: ReadonlyMap<string, number>): string {
  const lines: string[] = [];
  let previous = "";
  for (const sample of [...samples.keys()].sort()) {
    const name = samplePattern.exec(sample)?.[1];
    if (name === undefined) continue;
    if (name !== previous) lines.push(`# TYPE ${name} ${name.endsWith("_total") ? "counter" : "gauge"}`);
    previous = name;
    lines.push(`${sample} ${samples.get(sample)}`);
  }
  return `${lines.join("\n")}\n`;
}
