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
import { type Handler, Hands } from "./hands.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { QueueMetrics } from "./metrics.ts";
import { limits, type QueueSettings } from "./options.ts";
import { readingOrder } from "./reading-order.ts";
import { addDueTicks } from "./schedule.ts";
import { forgetScript } from "./scripts/control.ts";
import { turnScript } from "./scripts/turn.ts";
import { type Ending, type Taken, type TurnAnswer, turnAnswer, turnArguments } from "./turn.ts";
import { Waker } from "./waker.ts";

export class Consumer<T> {
  readonly #queue: QueueSettings;
  readonly #hands: Hands<T>;
  readonly #concurrency: number;
  readonly #name: string;
  readonly #heartbeat: Heartbeat;
  readonly #waker: Waker;
  readonly #stopped = new AbortController();
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
    this.#hands = new Hands(queue, metrics, { handler, onEnd: () => this.#requestTurn() });
    this.#concurrency = concurrency;
    this.#name = `${queue.leaseMs}-${queue.randomness.bytes(9).toString("base64url")}`;
    this.#heartbeat = new Heartbeat(queue, metrics, {
      consumer: this.#name,
      running: () => this.#hands.running(),
      onOver: (delivery, error) => this.#hands.end(delivery, error),
    });
    this.#waker = new Waker(queue, () => this.#wake());
  }

  /** How many messages are with the handler now. */
  get runningCount(): number {
    return this.#hands.runningCount;
  }

  start(): this {
    this.#isTaking = true;
    void this.#heartbeat.run(this.#stopped.signal);
    this.#requestTurn();
    // Those that were killed cannot do it themselves.
    void this.#forget("");
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
    this.#hands.giveUpRunning(new Error("The consumer stops."));
    if (this.#hands.endingCount > 0) this.#requestTurn();
    await this.#leave();
    this.#stopped.abort();
  }

  /** What the server cannot be told now, whoever takes over finds. */
  async #leave(): Promise<void> {
    if (!this.#queue.server.main.isReady) return;
    await this.#untilIdle(limits.pauseMsMax * 2);
    await this.#forget(this.#name);
  }

  /** The names of consumers that are gone; of one more, at once. A name that stays does no harm. */
  async #forget(name: string): Promise<void> {
    const { base, server } = this.#queue;
    await forgetScript.run(server.main, [base], [name, String(limits.consumerKeptMs)]).catch(() => {});
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
    return this.#hands.runningCount === 0 && this.#hands.endingCount === 0 && !this.#isTurning;
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
    const want = this.#isTaking ? Math.max(0, this.#concurrency - this.#hands.runningCount) : 0;
    const endings = this.#hands.takeEndings();
    const isWoken = this.#isWoken;
    this.#isWoken = false;
    // Leases of what it takes begin after this.
    const nowMs = this.#queue.clock.monotonicMs();
    try {
      const answer = await this.#ask(want, endings, isWoken && want === 0);
      if (this.#isRecovering) answer.taken = this.#hands.unknownOf(answer.taken);
      this.#failures = 0;
      this.#isRecovering = false;
      this.#isTurning = false;
      this.#follow(answer, want, nowMs);
    } catch (error) {
      this.#hands.putBack(endings);
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
    if (!this.#isTaking) return this.#leaveAlone(taken);
    for (const one of taken) this.#hands.begin(one, nowMs, serverMs);
    if (isScheduleDue && !this.#isTicking) void this.#tick();
    this.#lookWhenDue(dueInMs);
    const isEmpty = taken.length < want;
    if (isEmpty) this.#waker.sleep();
    if (this.#hands.endingCount > 0 || (!isEmpty && this.#hands.runningCount < this.#concurrency)) this.#requestTurn();
  }

  /** What came while it was told to stop. */
  #leaveAlone(taken: readonly Taken[]): void {
    this.#hands.giveBack(taken);
    if (this.#hands.endingCount > 0) this.#requestTurn();
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

  async #pauseAfter(error: unknown): Promise<void> {
    this.#queue.tell({ type: "trouble", what: "take", error });
    const pauseMs = Math.min(20 * 2 ** Math.min(this.#failures++, 10), limits.pauseMsMax);
    await this.#queue.clock.sleep(pauseMs, this.#stopped.signal);
  }
}
