import { afterEach, expect, test } from "bun:test";
import { metrics } from "@opentelemetry/api";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { queueMetrics } from "./metrics.ts";

afterEach(() => metrics.disable());

test("what is measured, by queue and outcome", async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  metrics.setGlobalMeterProvider(provider);
  const measured = queueMetrics("orders");
  measured.added(3);
  measured.began(5);
  measured.took(7);
  measured.ended("done");
  measured.ended("dead");
  measured.tookOver(2);
  await provider.forceFlush();
  const found = exporter.getMetrics()[0]?.scopeMetrics[0]?.metrics ?? [];
  expect(found.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints.map((one) => one.attributes)])).toEqual(
    [
      ["larder.client.queue.added", [{ queue: "orders" }]],
      ["larder.client.queue.wait", [{ queue: "orders" }]],
      ["larder.client.queue.duration", [{ queue: "orders" }]],
      [
        "larder.client.queue.deliveries",
        [
          { queue: "orders", outcome: "done" },
          { queue: "orders", outcome: "dead" },
        ],
      ],
      ["larder.client.queue.taken-over", [{ queue: "orders" }]],
    ],
  );
  await provider.shutdown();
});
