/** What is counted: how sessions were found, and what became of changes. Without an SDK of OpenTelemetry it costs nothing. */
import { type Counter, metrics } from "@opentelemetry/api";

let opens: Counter | undefined;
let commits: Counter | undefined;

export function countOpen(outcome: "found" | "none" | "forged" | "ended" | "superseded" | "unavailable"): void {
  opens ??= metrics.getMeter("@larder/client").createCounter("larder.client.session.opens");
  opens.add(1, { outcome });
}

/** `outcome`: "written", or the code of the error. */
export function countCommit(outcome: string): void {
  commits ??= metrics.getMeter("@larder/client").createCounter("larder.client.session.commits");
  commits.add(1, { outcome });
}
