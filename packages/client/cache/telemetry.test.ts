import { afterEach, expect, test } from "bun:test";
import { metrics, trace } from "@opentelemetry/api";
import { InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { createCache } from "./cache.ts";

afterEach(() => {
  metrics.disable();
  trace.disable();
});

test("counts by family, and a span for each load that says nothing of keys", async () => {
  const exporter = new InMemoryMetricExporter(1);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 });
  const provider = new MeterProvider({ readers: [reader] });
  metrics.setGlobalMeterProvider(provider);
  const spans = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));

  const cache = createCache({ namespace: "shop:v1" });
  await cache.getOrLoad(["product", "secret"], () => 1);
  expect(cache.getOrLoad(["product", "secret"], () => 1)).toBe(1);
  await cache.getOrLoad("front", () => Promise.reject(new Error("no"))).catch(() => {});
  await reader.forceFlush();

  const points = exporter
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
    .flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => ({ name: descriptor.name, attributes, value })),
    );
  const product = { namespace: "shop:v1", family: "product" };
  expect(points).toContainEqual({
    name: "larder.client.cache.hits",
    attributes: { ...product, level: "1" },
    value: 1,
  });
  expect(points).toContainEqual({
    name: "larder.client.cache.loads",
    attributes: { namespace: "shop:v1", family: "front", outcome: "failed" },
    value: 1,
  });
  expect(
    JSON.stringify([points, spans.getFinishedSpans().map(({ name, attributes }) => [name, attributes])]),
  ).not.toContain("secret");
  expect(spans.getFinishedSpans().map(({ name }) => name)).toEqual(["cache load", "cache load"]);
  cache.close();
  await provider.shutdown();
});
