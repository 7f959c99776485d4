/** What a queue measures, by OpenTelemetry's API: nothing without an SDK. */
import { metrics } from "@opentelemetry/api";

export type Outcome = "done" | "failed" | "dead" | "lost";

export interface QueueMetrics {
  added(count: number): void;
  /** How long after it was added, or tried before, by the server's clock. */
  began(waitMs: number): void;
  took(ms: number): void;
  ended(outcome: Outcome): void;
  tookOver(count: number): void;
}

export function queueMetrics(queue: string): QueueMetrics {
  const meter = metrics.getMeter("@larder/client");
  const of = { queue };
  const added = meter.createCounter("larder.client.queue.added", { description: "Messages added." });
  const wait = meter.createHistogram("larder.client.queue.wait", {
    unit: "ms",
    description: "From when a message was added until a delivery of it began.",
  });
  const duration = meter.createHistogram("larder.client.queue.duration", { unit: "ms", description: "Of handlers." });
  const deliveries = meter.createCounter("larder.client.queue.deliveries", {
    description: "Deliveries that ended, by how.",
  });
  const takenOver = meter.createCounter("larder.client.queue.taken-over", {
    description: "Deliveries of lost consumers that were taken over.",
  });
  const outcomes = {
    done: { queue, outcome: "done" },
    failed: { queue, outcome: "failed" },
    dead: { queue, outcome: "dead" },
    lost: { queue, outcome: "lost" },
  };
  return {
    added: (count) => added.add(count, of),
    began: (ms) => wait.record(ms, of),
    took: (ms) => duration.record(ms, of),
    ended: (outcome) => deliveries.add(1, outcomes[outcome]),
    tookOver: (count) => takenOver.add(count, of),
  };
}
