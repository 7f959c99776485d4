/** What OpenTelemetry is told: counters by the first part of keys, read from the cache's own when they are collected, and a span for each load. */
import { metrics, type ObservableResult, SpanStatusCode, trace } from "@opentelemetry/api";
import type { FamilyStats } from "./counts.ts";

const scope = "@larder/client";

/** What a cache has counted since it was made. */
export interface CacheStats {
  /** By the first part of keys; those beyond the 255th are together under "*". */
  families: Record<string, FamilyStats>;
  firstLevel: { entries: number; bytes: number; evictions: number };
  /** Times that something was wrong and the caller did not notice; `on("trouble")` says what. */
  troubles: number;
}

const hitCounts = [
  ["firstLevelHits", "1"],
  ["secondLevelHits", "2"],
] as const;

/** Returns what ends it. */
export function exportStats(namespace: string, stats: () => CacheStats): () => void {
  const meter = metrics.getMeter(scope);
  const inEachFamily = (observe: (result: ObservableResult, family: FamilyStats, attributes: object) => void) => {
    return (result: ObservableResult) => {
      for (const [family, counts] of Object.entries(stats().families)) observe(result, counts, { namespace, family });
    };
  };
  const observers = [
    [
      meter.createObservableCounter("larder.client.cache.hits", { description: "Values served without a load" }),
      inEachFamily((result, family, attributes) => {
        for (const [count, level] of hitCounts) result.observe(family[count], { ...attributes, level });
      }),
    ],
    [
      meter.createObservableCounter("larder.client.cache.misses"),
      inEachFamily((result, family, attributes) => result.observe(family.misses, { ...attributes })),
    ],
    [
      meter.createObservableCounter("larder.client.cache.loads"),
      inEachFamily((result, { loads, loadsFailed }, attributes) => {
        result.observe(loads - loadsFailed, { ...attributes, outcome: "loaded" });
        result.observe(loadsFailed, { ...attributes, outcome: "failed" });
      }),
    ],
    [
      meter.createObservableCounter("larder.client.cache.fenced", { description: "Loaded and overtaken: not stored" }),
      inEachFamily((result, family, attributes) => result.observe(family.fenced, { ...attributes })),
    ],
    [
      meter.createObservableGauge("larder.client.cache.first_level.bytes", { unit: "By" }),
      (result: ObservableResult) => result.observe(stats().firstLevel.bytes, { namespace }),
    ],
    [
      meter.createObservableCounter("larder.client.cache.troubles"),
      (result: ObservableResult) => result.observe(stats().troubles, { namespace }),
    ],
  ] as const;
  for (const [instrument, observe] of observers) instrument.addCallback(observe);
  return () => {
    for (const [instrument, observe] of observers) instrument.removeCallback(observe);
  };
}

/** Keys are not told: they may say who asks. */
export function inLoadSpan<T>(
  attributes: { namespace: string; family: string },
  load: () => T | Promise<T>,
): Promise<T> {
  return trace.getTracer(scope).startActiveSpan("cache load", { attributes }, async (span) => {
    try {
      return await load();
    } catch (error) {
      span.recordException(error as Error);
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}
