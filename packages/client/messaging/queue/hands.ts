/**
 * What a consumer has in its hands: the deliveries that run, and how those that are over have ended, until the server knows.
 *
 * A delivery ends once: by its handler, by the heartbeat (too late, or lost), or as the consumer stops. What its handler does after
 * that has no influence.
 */
import { Delivery, type MessageContext } from "./delivery.ts";
import { GiveUp, LeaseLost } from "./errors.ts";
import { decodeHeader, decodeMessage } from "./message.ts";
import type { QueueMetrics } from "./metrics.ts";
import { limits, type QueueSettings } from "./options.ts";
import type { Ending, Taken } from "./turn.ts";

/** At-least-once: what it does may happen again, see MessageContext.once. Rejecting or throwing means that it failed. */
export type Handler<T> = (payload: T, context: MessageContext) => unknown;

export class Hands<T> {
  readonly #queue: QueueSettings;
  readonly #metrics: QueueMetrics;
  readonly #handler: Handler<T>;
  readonly #onEnd: () => void;
  readonly #running = new Map<string, Delivery>();
  #endings: Ending[] = [];

  constructor(
    queue: QueueSettings,
    metrics: QueueMetrics,
    { handler, onEnd }: { handler: Handler<T>; onEnd: () => void },
  ) {
    this.#queue = queue;
    this.#metrics = metrics;
    this.#handler = handler;
    this.#onEnd = onEnd;
  }

  get runningCount(): number {
    return this.#running.size;
  }

  get endingCount(): number {
    return this.#endings.length;
  }

  running(): Delivery[] {
    return [...this.#running.values()];
  }

  /** Takes them away: whoever cannot tell the server puts them back. */
  takeEndings(): Ending[] {
    return this.#endings.splice(0, limits.concurrencyMax);
  }

  putBack(endings: readonly Ending[]): void {
    this.#endings = [...endings, ...this.#endings];
  }

  /** Of what the consumer has by the server's account, what it neither runs nor has ended. */
  unknownOf(taken: readonly Taken[]): Taken[] {
    const ended = new Set(this.#endings.map(placeName));
    return taken.filter((one) => !ended.has(placeName(one)) && !this.#running.has(placeName(one)));
  }

  begin(taken: Taken, nowMs: number, serverMs: number): void {
    const { level, entry, message } = taken;
    let decoded: ReturnType<typeof decodeMessage>;
    try {
      decoded = decodeMessage(message);
    } catch (error) {
      return this.#refuse(taken, error);
    }
    const delivery = new Delivery(this.#queue, { level, entry, header: decoded.header, nowMs });
    this.#running.set(placeName(taken), delivery);
    this.#metrics.began(serverMs - decoded.header.t);
    void this.#run(delivery, decoded.payload as T);
  }

  end(delivery: Delivery, error?: unknown): void {
    if (!this.#running.delete(placeName(delivery))) return;
    delivery.isOver = true;
    this.#metrics.took(this.#queue.clock.monotonicMs() - delivery.beganMs);
    if (error === undefined) {
      this.#metrics.ended("done");
      this.#endings.push({ verb: "done", ...placeOf(delivery) });
    } else if (error instanceof LeaseLost) {
      this.#metrics.ended("lost");
      this.#queue.tell({ type: "lease lost", id: delivery.id });
    } else {
      this.#fail(delivery, error);
    }
    this.#onEnd();
  }

  /** What has not begun goes to somebody else. */
  giveBack(taken: readonly Taken[]): void {
    for (const { level, entry } of taken) this.#endings.push({ verb: "back", level, entry, key: undefined });
  }

  /** So does what has not ended. */
  giveUpRunning(reason: Error): void {
    for (const delivery of this.#running.values()) {
      delivery.end(reason);
      this.#endings.push({ verb: "back", ...placeOf(delivery) });
    }
    this.#running.clear();
  }

  /** Not readable: no attempt would help. */
  #refuse({ level, entry, message }: Taken, error: unknown): void {
    let id = "";
    try {
      id = decodeHeader(message).i;
    } catch {
      // It has no header either.
    }
    this.#queue.tell({ type: "dead", id, attempt: 1, error });
    this.#metrics.ended("dead");
    this.#endings.push({ verb: "dead", level, entry, key: undefined, error: textOf(error) });
  }

  async #run(delivery: Delivery, payload: T): Promise<void> {
    try {
      await this.#handler(payload, delivery);
      this.end(delivery);
    } catch (error) {
      this.end(delivery, error ?? new Error("The handler rejected without an error."));
    }
  }

  #fail(delivery: Delivery, error: unknown): void {
    const { id, attempt } = delivery;
    const ending = { ...placeOf(delivery), error: textOf(error) };
    if (attempt > this.#queue.retries || error instanceof GiveUp) {
      this.#metrics.ended("dead");
      this.#queue.tell({ type: "dead", id, attempt, error });
      this.#endings.push({ verb: "dead", ...ending });
      return;
    }
    const delayMs = Math.ceil(this.#queue.backoff(attempt, error));
    this.#metrics.ended("failed");
    this.#queue.tell({ type: "failed", id, attempt, error, retryInMs: delayMs });
    this.#endings.push({ verb: "retry", ...ending, delayMs });
  }
}

function placeOf({ level, entry, key }: Delivery): { level: number; entry: string; key: string | undefined } {
  return { level, entry, key };
}

function placeName({ level, entry }: { level: number; entry: string }): string {
  return level + entry;
}

/** Anything may be thrown, also what cannot be said. Scripts cannot read halves of surrogate pairs. */
function textOf(error: unknown): string {
  try {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return text.slice(0, limits.errorLengthMax).replace(/\p{Surrogate}/gu, "\ufffd");
  } catch {
    return "Something was thrown that is no error.";
  }
}
