/** How requests went, as a metric. Without an SDK of OpenTelemetry, nothing. */
import { type Counter, metrics } from "@opentelemetry/api";
import type { PageOutcome } from "./options.ts";

let requests: Counter | undefined;

export function countRequest(outcome: PageOutcome, route: string): void {
  requests ??= metrics.getMeter("@larder/client").createCounter("larder.client.output_cache.requests");
  requests.add(1, { outcome, route });
}
