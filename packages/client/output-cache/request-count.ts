/** How requests went, as a metric. Without an SDK of OpenTelemetry, nothing. */
import { metrics } from "@opentelemetry/api";
import type { PageOutcome } from "./options.ts";

export function countRequest(outcome: PageOutcome, route: string): void {
  metrics
    .getMeter("@larder/client")
    .createCounter("larder.client.output_cache.requests", { description: "Requests for pages, by how they went." })
    .add(1, { outcome, route });
}
