/**
 * Keeps what a consumer has, three times in each lease, takes over what others no longer keep, and ends handlers that take too long.
 *
 * A delivery that the server has not confirmed for a whole lease counts as lost, whether or not the server could be asked: another
 * consumer may have it by then.
 */
import type { Delivery } from "./delivery.ts";
import { HandlerTimeout, LeaseLost, type HandlerTimeout as Timeout } from "./errors.ts";
import type { QueueMetrics } from "./metrics.ts";
import { limits, type QueueSettings } from "./options.ts";
import { beatScript } from "./scripts/beat.ts";

interface Consumer {
  consumer: string;
  running(): Delivery[];
  onOver(delivery: Delivery, error: LeaseLost | Timeout): void;
}

export class Heartbeat {
  readonly #queue: QueueSettings;
  readonly #metrics: QueueMetrics;
  readonly #of: Consumer;
  #cursors = ["-", "-", "-", "-"];
  #beatAtMs = Number.NEGATIVE_INFINITY;
  #isBeating = false;

  constructor(queue: QueueSettings, metrics: QueueMetrics, of: Consumer) {
    this.#queue = queue;
    this.#metrics = metrics;
    this.#of = of;
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, leaseMs, timeoutMs } = this.#queue;
    const beatEveryMs = leaseMs / 3;
    const lookEveryMs = Math.min(beatEveryMs, Math.max(timeoutMs / 10, 10));
    while (!signal.aborted) {
      const nowMs = clock.monotonicMs();
      this.#endLate(nowMs);
      if (nowMs - this.#beatAtMs >= beatEveryMs && !this.#isBeating) void this.#beat(nowMs);
      await clock.sleep(lookEveryMs, signal);
    }
  }

  #endLate(nowMs: number): void {
    const { leaseMs, timeoutMs } = this.#queue;
    for (const delivery of this.#of.running()) {
      if (nowMs - delivery.keptMs > leaseMs) this.#over(delivery, new LeaseLost());
      else if (nowMs - delivery.beganMs > timeoutMs) this.#over(delivery, new HandlerTimeout(timeoutMs));
    }
  }

  async #beat(nowMs: number): Promise<void> {
    this.#isBeating = true;
    this.#beatAtMs = nowMs;
    const kept = this.#of.running();
    try {
      const reply = await beatScript.run(this.#queue.server.main, [this.#queue.base], this.#arguments(kept));
      this.#hear(reply as (string | number)[], kept, nowMs);
    } catch (error) {
      this.#queue.tell({ type: "trouble", what: "keep", error });
    }
    this.#isBeating = false;
  }

  #arguments(kept: readonly Delivery[]): string[] {
    const { retries, deadLettersMax, randomness } = this.#queue;
    const args = [
      this.#of.consumer,
      String(retries),
      String(randomness.fraction()),
      String(limits.errorsMax),
      String(deadLettersMax),
      ...this.#cursors,
    ];
    for (let level = 1; level <= 4; level++) {
      const entries = kept.filter((delivery) => delivery.level === level).map((delivery) => delivery.entry);
      args.push(String(entries.length), ...entries);
    }
    return args;
  }

  #hear(reply: readonly (string | number)[], kept: readonly Delivery[], nowMs: number): void {
    this.#cursors = reply.slice(0, 4) as string[];
    const [count, dead] = reply.slice(4, 6) as [number, number];
    if (count > 0) {
      this.#metrics.tookOver(count);
      this.#queue.tell({ type: "taken over", count, dead });
    }
    const own = new Set(reply.slice(6));
    for (const delivery of kept) {
      if (own.has(delivery.entry)) delivery.keptMs = nowMs;
      else this.#over(delivery, new LeaseLost());
    }
  }

  /** One that has ended meanwhile is nobody's any more. */
  #over(delivery: Delivery, error: LeaseLost | Timeout): void {
    if (delivery.isOver) return;
    delivery.end(error);
    this.#of.onOver(delivery, error);
  }
}
