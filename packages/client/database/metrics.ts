/** The measures of one follower, for whichever OpenTelemetry SDK the application has; without one they cost nothing. */
import { metrics, type ObservableResult } from "@opentelemetry/api";
import type { Lag } from "./follower.ts";

export class FollowMetrics {
  readonly #attributes: { "db.system.name": string };
  readonly #lag: () => Lag;
  readonly #meter = metrics.getMeter("@larder/client");
  /** Of what is not invalidated yet. */
  readonly #gauge = this.#meter.createObservableGauge("larder.client.database.lag", { unit: "ms" });
  readonly #waiting = this.#meter.createObservableGauge("larder.client.database.waiting", { unit: "{change}" });
  readonly #changes = this.#meter.createCounter("larder.client.database.changes", { unit: "{change}" });
  /** From a commit until what it made stale is gone. */
  readonly #staleness = this.#meter.createHistogram("larder.client.database.staleness", { unit: "ms" });
  readonly #observeLag = (result: ObservableResult) => result.observe(this.#lag().ms, this.#attributes);
  readonly #observeWaiting = (result: ObservableResult) => result.observe(this.#lag().changes, this.#attributes);

  constructor(system: string, lag: () => Lag) {
    this.#attributes = { "db.system.name": system };
    this.#lag = lag;
  }

  start(): void {
    this.#gauge.addCallback(this.#observeLag);
    this.#waiting.addCallback(this.#observeWaiting);
  }

  stop(): void {
    this.#gauge.removeCallback(this.#observeLag);
    this.#waiting.removeCallback(this.#observeWaiting);
  }

  invalidated(changes: number, lagMs: number): void {
    this.#changes.add(changes, this.#attributes);
    this.#staleness.record(lagMs, this.#attributes);
  }
}
