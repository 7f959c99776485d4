/** Moving by `larder migrate`: replication, a cut-over while clients write, and a comparison of all keys. */
import { systemClock } from "@larder/service";
import type { Latency } from "../counting/write-log.ts";
import { ServedCache } from "../served-cache.ts";
import { smallKeyPrefix } from "../small-keys.ts";
import type { Noticed, Source } from "./source.ts";

export interface ByLarder extends Noticed {
  /** Until all is copied and changes are as they come. */
  copyMs: number;
  /** From asking for the cut-over to its end. */
  cutOverMs: number;
  /** How long clients of the gateway were held, as the service's history says, and as one of them saw it at most. */
  holdMs: number;
  seenMs: number;
  /** Their usual latency: p99, before. */
  gatewayBefore: Latency;
  differences: number;
  compareMs: number;
}

/** Changes come behind as fast as they are made: what lags is what is on its way. */
const lagBytesMax = 256 << 10;
const gatewayClients = { prefix: "gateway:", counters: 1_000, writesPerSecond: 1_000, clients: 10, seed: 2 };
const settleMs = 3_000;

export async function moveByLarder(source: Source, capacity: number, signal: AbortSignal): Promise<ByLarder> {
  await using stack = new AsyncDisposableStack();
  const sku = { name: "Basic", family: "C", capacity } as const;
  const cache = await ServedCache.start(stack, { sku }, { signal });
  const gateway = source.writes.beside("gateway");
  const { nowMs: gatewayMs } = await gateway.begin({ endpoint: cache.endpoint, ...gatewayClients });
  stack.defer(() => gateway.end().then(() => {}));
  const before = await source.baseline();

  const startMs = systemClock.monotonicMs();
  const { nowMs: fromMs } = await source.writes.look();
  const addresses = [{ host: "127.0.0.1", port: source.engine.port }];
  const id = await cache.begin("migrate", { source: { addresses }, cutOver: "manual", pauseSource: true });
  await cache.when(
    id,
    ({ progress }) => progress?.state === "following" && (progress.lagBytes ?? Number.NaN) <= lagBytesMax,
  );
  const copyMs = systemClock.monotonicMs() - startMs;
  await systemClock.sleep(settleMs);
  const { nowMs: cutOverFromMs } = await source.writes.look();

  const cutOverStartMs = systemClock.monotonicMs();
  await cache.service.client.askTransfer(cache.address, id, "cutover");
  await cache.when(id, ({ status }) => status === "succeeded");
  const cutOverMs = systemClock.monotonicMs() - cutOverStartMs;
  const interruptionMs = await source.switchTo(cache.endpoint);
  await systemClock.sleep(settleMs);
  const { nowMs: endMs } = await gateway.end();

  const compared = await cache.timed("compare", { with: { addresses }, filter: { prefixes: [smallKeyPrefix] } });
  return {
    before,
    meanwhile: await source.writes.latency(fromMs, cutOverFromMs),
    interruptionMs,
    kept: await source.keptAt(cache.endpoint),
    copyMs,
    cutOverMs,
    holdMs: await holdOf(cache),
    seenMs: (await gateway.latency(cutOverFromMs, endMs)).maxMs,
    gatewayBefore: await gateway.latency(gatewayMs + settleMs, fromMs),
    differences: compared.transfer.progress?.differences?.count ?? Number.NaN,
    compareMs: compared.ms,
  };
}

/** Nothing else has held clients. */
async function holdOf(cache: ServedCache): Promise<number> {
  const events = await cache.service.client.listEvents(cache.address, 20);
  const holds = events.flatMap(({ holdMs }) => (holdMs === null ? [] : [holdMs]));
  if (holds.length === 0) throw new Error("no event tells for how long clients were held");
  return Math.max(...holds);
}
