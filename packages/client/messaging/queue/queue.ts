/**
 * A durable queue on streams of a Redis-compatible server.
 *
 * At-least-once: a message that was added is delivered until a handler has ended without an error, or until its retries are used
 * up and it is a dead letter. It may be delivered more than once, when a consumer is lost or too slow to keep its lease; `context.once` makes
 * an effect in the same server happen once all the same. Nothing survives what the server does not: see docs/client/queues.md.
 *
 * Messages of one key run one after the other. Only the first of a key is in a stream; those behind it wait in a list of
 * their own, and ending a message releases the next in the same script. So a key that backs off holds only itself back, keys cost
 * nothing when they are empty, and consumers need not agree who has which keys.
 */
import type { Duration } from "../../duration.ts";
import { durationMs } from "../../duration.ts";
import { type Added, Adder } from "./adder.ts";
import { Consumer } from "./consumer.ts";
import type { Repeat } from "./cron.ts";
import { DeadLetters } from "./dead-letters.ts";
import type { Handler } from "./hands.ts";
import { encodeMessage, levelOf } from "./message.ts";
import { type QueueMetrics, queueMetrics } from "./metrics.ts";
import {
  type AddOptions,
  checkText,
  countOf,
  limits,
  type ProcessOptions,
  type QueueOptions,
  type QueueSettings,
  queueSettings,
} from "./options.ts";
import { listSchedules, removeSchedule, type Schedule, type ScheduleOptions, setSchedule } from "./schedule.ts";
import { pauseScript, statsScript } from "./scripts/control.ts";

export interface QueueStats {
  /** May run now. */
  waiting: number;
  /** With a consumer. */
  running: number;
  /** Not due, or backing off. */
  delayed: number;
  /** Behind another message of their key. */
  held: number;
  /** Dead letters that are there. */
  dead: number;
  isPaused: boolean;
  /** Ever. */
  doneTotal: number;
  /** Ever. */
  deadTotal: number;
  /** Heard within their lease. */
  consumers: number;
}

/** Connects to nothing until it is used. Throws a TypeError that names what is wrong with an option. */
export function createQueue<T>(name: string, options: QueueOptions): Queue<T> {
  return new Queue<T>(queueSettings(name, options));
}

export class Queue<T> {
  readonly name: string;
  readonly deadLetters: DeadLetters<T>;
  readonly #settings: QueueSettings;
  readonly #adder: Adder;
  readonly #metrics: QueueMetrics;

  constructor(settings: QueueSettings) {
    this.name = settings.name;
    this.#settings = settings;
    this.#adder = new Adder(settings);
    this.#metrics = queueMetrics(settings.name);
    this.deadLetters = new DeadLetters<T>(settings);
  }

  /**
   * Resolves once the server has it. Adds of one turn go together. While the server is lost it waits up to `addTimeout`; a message that was on its way is
   * sent again and added once. Rejects with QueueFull, QueueRefused or ServerUnreachable if it was not added, and
   * with OutcomeUnknown if that is not known; with a TypeError or RangeError for what is no message.
   */
  async add(payload: T, options: AddOptions = {}): Promise<Added> {
    const id = this.#adder.newId();
    const added = await this.#adder.add(id, howOf(id, options, this.#settings), this.#encode(id, payload, options));
    if (!added.isDuplicate) this.#metrics.added(1);
    return added;
  }

  /**
   * All of them, in order. Rejects with the first error if one was not added; those before and after it may have been. `options` may be a
   * function of the payload.
   */
  addMany(payloads: readonly T[], options: AddOptions | ((payload: T) => AddOptions) = {}): Promise<Added[]> {
    return Promise.all(payloads.map((one) => this.add(one, typeof options === "function" ? options(one) : options)));
  }

  /** Begins at once. Several consumers of one process share nothing but the connection. */
  process(handler: Handler<T>, options: ProcessOptions = {}): RunningConsumer {
    const concurrency = countOf(options.concurrency ?? 16, "concurrency", 1, limits.concurrencyMax);
    if (typeof handler !== "function") throw new TypeError("the handler is no function.");
    const consumer = new Consumer<T>(this.#settings, this.#metrics, { handler, concurrency }).start();
    return {
      get runningCount() {
        return consumer.runningCount;
      },
      stop: ({ timeout = "10s" } = {}) => consumer.stop(durationMs(timeout, "timeout")),
    };
  }

  /** Consumers of all processes take no more until `resume`; what runs goes on. */
  async pause(): Promise<void> {
    await pauseScript.run(this.#settings.server.main, [this.#settings.base], ["1"]);
  }

  async resume(): Promise<void> {
    await pauseScript.run(this.#settings.server.main, [this.#settings.base], ["0"]);
  }

  /**
   * A message that repeats, as one for each tick over all processes: `every("report", "1h", payload)`, or `{ cron: "0 3 * * *" }` in UTC. To say it again, as
   * each process does when it starts, changes nothing. It ticks while there is a consumer; ticks missed meanwhile are one.
   */
  async every(name: string, repeat: Repeat, payload: T, options: ScheduleOptions = {}): Promise<void> {
    if (options.key !== undefined) checkText(options.key, "key");
    await setSchedule(this.#settings, name, { repeat, payload: this.#json(payload), ...options });
  }

  /** Whether there was one. */
  unschedule(name: string): Promise<boolean> {
    return removeSchedule(this.#settings, name);
  }

  schedules(): Promise<Schedule[]> {
    return listSchedules(this.#settings);
  }

  async stats(): Promise<QueueStats> {
    const reply = await statsScript.run(this.#settings.server.main, [this.#settings.base], []);
    const [entries, running, delayed, held, dead, isPaused, doneTotal, deadTotal, consumers] = reply as [
      ...[number, number, number, number, number, number, number, number, number],
    ];
    const waiting = entries - running;
    return { waiting, running, delayed, held, dead, isPaused: isPaused === 1, doneTotal, deadTotal, consumers };
  }

  #encode(id: string, payload: T, { key, priority = "normal" }: AddOptions): string {
    return encodeMessage({ id, level: levelOf[priority], key }, this.#json(payload));
  }

  #json(payload: T): string {
    const json = JSON.stringify(payload) as string | undefined;
    if (json === undefined) throw new TypeError("the payload is nothing that JSON can say.");
    const { payloadBytesMax } = this.#settings;
    if (json.length * 3 > payloadBytesMax && Buffer.byteLength(json) > payloadBytesMax)
      throw new RangeError(`the payload is longer than ${payloadBytesMax} bytes.`);
    return json;
  }
}

export interface RunningConsumer {
  /** How many messages are with the handler now. */
  readonly runningCount: number;
  /**
   * Takes no more, and waits up to `timeout` ("10s") for what runs. What has not ended by then is aborted and goes back to be delivered again,
   * which does not count as an attempt.
   */
  stop(options?: { timeout?: Duration }): Promise<void>;
}

/** A level, or JSON where there is more to say. */
function howOf(id: string, options: AddOptions, { dedupeMs }: QueueSettings): string {
  const { key, dedupe, delay, at, priority = "normal" } = options;
  const level = levelOf[priority];
  if (level === undefined) throw new TypeError('priority is none: use "high", "normal" or "low".');
  if (key === undefined && dedupe === undefined && delay === undefined && at === undefined) return String(level);
  if (key !== undefined) checkText(key, "key");
  if (dedupe !== undefined) checkText(dedupe, "dedupe");
  if (delay !== undefined && at !== undefined) throw new TypeError("delay and at exclude each other.");
  const dueMs = at === undefined ? undefined : Number(at);
  if (dueMs !== undefined && !Number.isFinite(dueMs)) throw new TypeError("at is no time.");
  const after = delay === undefined ? undefined : Math.ceil(durationMs(delay, "delay"));
  return JSON.stringify({ l: level, k: key, i: id, d: dedupe, w: String(dedupeMs), after, at: dueMs });
}
