/**
 * A consumer: takes messages in turns, runs the handler on as many side by side as it may, and says how each has ended.
 *
 * One turn is on its way at a time. It is one script that carries all endings since the last one and takes as many messages as can be
 * begun at once, so a busy queue costs one round trip for many messages, and nothing is taken that would wait here. When a
 * turn brings fewer than it wanted, the queue was empty: then the consumer sleeps until a token wakes it, something is due, or one of its own ends.
 *
 * What it has is kept by heartbeats. A turn whose answer was lost may have taken messages: the next one asks for them.
 */
import { setImmediate } from "node:timers";
import { Delivery, type MessageContext } from "./delivery.ts";
import { GiveUp, LeaseLost } from "./errors.ts";
import { Heartbeat } from "./heartbeat.ts";
import { decodeHeader, decodeMessage } from "./message.ts";
import type { QueueMetrics } from "./metrics.ts";
import { limits, type QueueSettings } from "./options.ts";
import { readingOrder } from "./reading-order.ts";
import { addDueTicks } from "./schedule.ts";
import { forgetScript } from "./scripts/control.ts";
import { turnScript } from "./scripts/turn.ts";
import { type Ending, type Taken, type TurnAnswer, turnAnswer, turnArguments } from "./turn.ts";
import { Waker } from "./waker.ts";

/** At-least-once: what it does may happen again, see MessageContext.once. Rejecting or throwing means that it failed. */
export type Handler<T> = (payload: T, context: MessageContext) => unknown;

export class Consumer<T> {
  readonly #queue: QueueSettings;
  readonly #metrics: QueueMetrics;
  readonly #handler: Handler<T>;
  readonly #concurrency: number;
  readonly #name: string;
  readonly #running = new Map<string, Delivery>();
  readonly #heartbeat: Heartbeat;
  readonly #waker: Waker;
  readonly #stopped = new AbortController();
  #endings: Ending[] = [];
  #turns = 0;
  #isTaking = false;
  #isTurnDue = false;
  /** Also while a turn is on its way: then there is another one after it. */
  #isTurnAsked = false;
  #isTurning = false;
  #isRecovering = false;
  #isTicking = false;
  #isWoken = false;
  #failures = 0;
  #dueTimer: ReturnType<typeof setTimeout> | undefined;
  #whenIdle: (() => void) | undefined;
  #stopping: Promise<void> | undefined;

  constructor(
    queue: QueueSettings,
    metrics: QueueMetrics,
    { handler, concurrency }: { handler: Handler<T>; concurrency: number },
  ) {
    this.#queue = queue;
    this.#metrics = metrics;
    this.#handler = handler;
    this.#concurrency = concurrency;
    this.#name = `${queue.leaseMs}-${queue.randomness.bytes(9).toString("base64url")}`;
    this.#heartbeat = new Heartbeat(queue, metrics, {
      consumer: this.#name,
      running: this.#running,
      onOver: (delivery, error) => this.#end(delivery, error),
    });
    this.#waker = new Waker(queue, () => this.#wake());
  }

  /** How many messages are with the handler now. */
  get runningCount(): number {
    return this.#running.size;
  }

  start(): this {
    this.#isTaking = true;
    void this.#heartbeat.run(this.#stopped.signal);
    this.#requestTurn();
    return this;
  }

  /**
   * Takes no more, and waits until what runs has ended. What has not within `timeoutMs` is aborted and goes back to the queue, to
   * be delivered again; it does not count as an attempt. Resolves when the server knows, or cannot be told.
   */
  stop(timeoutMs: number): Promise<void> {
    this.#stopping ??= this.#stop(timeoutMs);
    return this.#stopping;
  }

  async #stop(timeoutMs: number): Promise<void> {
    this.#isTaking = false;
    clearTimeout(this.#dueTimer);
    this.#waker.close();
    await this.#untilIdle(timeoutMs);
    for (const delivery of this.#running.values()) {
      delivery.end(new Error("The consumer stops."));
      this.#endings.push({ verb: "back", ...placeOf(delivery) });
    }
    this.#running.clear();
    if (this.#endings.length > 0) this.#requestTurn();
    await this.#leave();
    this.#stopped.abort();
  }

  /** What the server cannot be told now, whoever takes over finds. */
  async #leave(): Promise<void> {
    const { base, server } = this.#queue;
    if (!server.main.isReady) return;
    await this.#untilIdle(limits.pauseMsMax * 2);
    await forgetScript.run(server.main, [base], [this.#name, String(limits.consumerKeptMs)]).catch(() => {});
  }

  async #untilIdle(timeoutMs: number): Promise<void> {
    if (this.#isIdle()) return;
    const late = new AbortController();
    const idle = new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
    });
    await Promise.race([idle, this.#queue.clock.sleep(timeoutMs, late.signal)]);
    late.abort();
    this.#whenIdle = undefined;
  }

  #isIdle(): boolean {
    return this.#running.size === 0 && this.#endings.length === 0 && !this.#isTurning;
  }

  #wake(): void {
    this.#isWoken = true;
    this.#requestTurn();
  }

  #requestTurn(): void {
    this.#isTurnAsked = true;
    if (this.#isTurnDue || this.#isTurning || this.#stopped.signal.aborted) return;
    this.#isTurnDue = true;
    // What ends in this turn of the event loop goes along.
    setImmediate(() => {
      this.#isTurnDue = false;
      void this.#turn();
    });
  }

  async #turn(): Promise<void> {
    this.#isTurning = true;
    this.#isTurnAsked = false;
    const want = this.#isTaking ? this.#concurrency - this.#running.size : 0;
    const endings = this.#endings.splice(0, limits.concurrencyMax);
    const isWoken = this.#isWoken;
    this.#isWoken = false;
    // Leases of what it takes begin after this.
    const nowMs = this.#queue.clock.monotonicMs();
    try {
      const answer = await this.#ask(want, endings, isWoken && want === 0);
      if (this.#isRecovering) answer.taken = this.#unknownOf(answer.taken);
      this.#failures = 0;
      this.#isRecovering = false;
      this.#isTurning = false;
      this.#follow(answer, want, nowMs);
    } catch (error) {
      this.#endings = endings.concat(this.#endings);
      this.#isRecovering = true;
      await this.#pauseAfter(error);
      this.#isTurning = false;
      this.#isTurnAsked = true;
    }
    if (this.#isTurnAsked) this.#requestTurn();
    if (this.#isIdle()) this.#whenIdle?.();
  }

  async #ask(want: number, endings: readonly Ending[], isPassing: boolean): Promise<TurnAnswer> {
    const args = turnArguments({
      consumer: this.#name,
      want,
      order: readingOrder(this.#turns++),
      isRecovering: this.#isRecovering && this.#isTaking,
      isPassing,
      errorsMax: limits.errorsMax,
      deadLettersMax: this.#queue.deadLettersMax,
      endings,
    });
    return turnAnswer(await turnScript.run(this.#queue.server.main, [this.#queue.base], args));
  }

  #follow({ serverMs, dueInMs, isScheduleDue, taken }: TurnAnswer, want: number, nowMs: number): void {
    if (!this.#isTaking) return this.#giveBack(taken);
    for (const one of taken) this.#begin(one, nowMs, serverMs);
    if (isScheduleDue && !this.#isTicking) void this.#tick();
    this.#lookWhenDue(dueInMs);
    const isEmpty = taken.length < want;
    if (isEmpty) this.#waker.sleep();
    if (this.#endings.length > 0 || (!isEmpty && this.#running.size < this.#concurrency)) this.#requestTurn();
  }

  /** Of what it has by the server's account, what it neither runs nor has ended. */
  #unknownOf(taken: readonly Taken[]): Taken[] {
    const known = new Set(this.#endings.map(({ level, entry }) => placeName(level, entry)));
    for (const place of this.#running.keys()) known.add(place);
    return taken.filter(({ level, entry }) => !known.has(placeName(level, entry)));
  }

  /** What came while it was told to stop. */
  #giveBack(taken: readonly Taken[]): void {
    for (const { level, entry } of taken) this.#endings.push({ verb: "back", level, entry, key: undefined });
    if (this.#endings.length > 0) this.#requestTurn();
  }

  #lookWhenDue(dueInMs: number | null): void {
    clearTimeout(this.#dueTimer);
    if (dueInMs === null || dueInMs > limits.sleepMsMax) return;
    this.#dueTimer = setTimeout(() => this.#requestTurn(), dueInMs);
  }

  async #tick(): Promise<void> {
    this.#isTicking = true;
    try {
      await addDueTicks(this.#queue);
    } catch (error) {
      this.#queue.tell({ type: "trouble", what: "schedule", error });
      await this.#queue.clock.sleep(limits.pauseMsMax, this.#stopped.signal);
    }
    this.#isTicking = false;
    if (this.#isTaking) this.#requestTurn();
  }

  #begin(taken: Taken, nowMs: number, serverMs: number): void {
    const { level, entry, message } = taken;
    let decoded: ReturnType<typeof decodeMessage>;
    try {
      decoded = decodeMessage(message);
    } catch (error) {
      return this.#refuse(taken, error);
    }
    const delivery = new Delivery(this.#queue, { level, entry, header: decoded.header, nowMs });
    this.#running.set(placeName(level, entry), delivery);
    this.#metrics.began(serverMs - decoded.header.t);
    void this.#run(delivery, decoded.payload as T);
  }

  /** Not readable: no attempt would help. */
  #refuse({ level, entry, message }: Taken, error: unknown): void {
    let id = "";
    let key: string | undefined;
    try {
      ({ i: id, k: key } = decodeHeader(message));
    } catch {
      // It has no header either.
    }
    this.#queue.tell({ type: "dead", id, attempt: 1, error });
    this.#metrics.ended("dead");
    this.#endings.push({ verb: "dead", level, entry, key, error: textOf(error) });
  }

  async #run(delivery: Delivery, payload: T): Promise<void> {
    try {
      await this.#handler(payload, delivery);
      this.#end(delivery);
    } catch (error) {
      this.#end(delivery, error ?? new Error("The handler rejected without an error."));
    }
  }

  #end(delivery: Delivery, error?: unknown): void {
    const place = placeOf(delivery);
    if (!this.#running.delete(placeName(place.level, place.entry))) return;
    delivery.isOver = true;
    this.#metrics.took(this.#queue.clock.monotonicMs() - delivery.beganMs);
    if (error === undefined) {
      this.#metrics.ended("done");
      this.#endings.push({ verb: "done", ...place });
    } else if (error instanceof LeaseLost) {
      this.#metrics.ended("lost");
      this.#queue.tell({ type: "lease lost", id: delivery.id });
    } else {
      this.#fail(delivery, error);
    }
    this.#requestTurn();
  }

  #fail(delivery: Delivery, error: unknown): void {
    const { id, attempt } = delivery;
    const place = placeOf(delivery);
    if (attempt > this.#queue.retries || error instanceof GiveUp) {
      this.#metrics.ended("dead");
      this.#queue.tell({ type: "dead", id, attempt, error });
      this.#endings.push({ verb: "dead", ...place, error: textOf(error) });
      return;
    }
    const delayMs = Math.ceil(this.#queue.backoff(attempt, error));
    this.#metrics.ended("failed");
    this.#queue.tell({ type: "failed", id, attempt, error, retryInMs: delayMs });
    this.#endings.push({ verb: "retry", ...place, delayMs, error: textOf(error) });
  }

  async #pauseAfter(error: unknown): Promise<void> {
    this.#queue.tell({ type: "trouble", what: "take", error });
    const pauseMs = Math.min(20 * 2 ** Math.min(this.#failures++, 10), limits.pauseMsMax);
    await this.#queue.clock.sleep(pauseMs, this.#stopped.signal);
  }
}

function placeOf({ level, entry, key }: Delivery): { level: number; entry: string; key: string | undefined } {
  return { level, entry, key };
}

function placeName(level: number, entry: string): string {
  return level + entry;
}

function textOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.slice(0, limits.errorLengthMax).toWellFormed();
}
