/** What a queue is told, and what it tells. */
import { type Clock, systemClock } from "../../clock.ts";
import { type Server, type ServerLike, serverOf } from "../../connection/server.ts";
import { type Duration, durationMs } from "../../duration.ts";
import { type Randomness, systemRandomness } from "../../randomness.ts";
import { type Backoff, type BackoffPlan, backoffPlan } from "./backoff.ts";
import type { Priority } from "./message.ts";

export interface QueueOptions {
  server: ServerLike;
  /** How often a message is tried again after its first attempt; then it is a dead letter. 5. */
  retries?: number;
  /** How long it waits before it is tried again. "exponential": 1 s, 2 s, 4 s … up to 1 h, each shortened at random by up to half. */
  backoff?: Backoff;
  /**
   * A consumer that is not heard for so long has lost what it had. "30s"; at least 1 s. A handler that blocks the event loop
   * for longer loses its message, too.
   */
  lease?: Duration;
  /** How long a handler may take; then its signal is aborted and it counts as failed. "15m". */
  timeout?: Duration;
  /** How long a `dedupe` id is remembered. "1h". */
  dedupeFor?: Duration;
  /** How long the result of `once` is remembered after it was made. "1d". */
  onceFor?: Duration;
  /** How long an add waits for a server that is lost. "10s". */
  addTimeout?: Duration;
  /** More messages, of any state but dead, than this are refused with QueueFull. 1,000,000. */
  lengthMax?: number;
  /** Longer payloads, as JSON, are refused with a RangeError. 1 MiB. */
  payloadBytesMax?: number;
  /** Of more dead letters than about this many the oldest are deleted. 100,000. */
  deadLettersMax?: number;
  /** Called for what a person may want to see. What it throws is ignored. */
  onEvent?: (event: QueueEvent) => void;
  clock?: Clock;
  randomness?: Randomness;
}

export interface AddOptions {
  /** Messages of one key run one after the other in the order in which they were added, whichever process runs them. Up to 512 characters. */
  key?: string;
  /** A second message with the same id within `dedupeFor` is not added; the first's id is answered. Up to 512 characters. */
  dedupe?: string;
  /** How long it waits before it may run. */
  delay?: Duration;
  /** When it may run, by the server's clock: milliseconds since 1970, or a Date. Instead of `delay`. */
  at?: number | Date;
  /** "normal". A lower one is not starved. */
  priority?: Priority;
}

export interface ProcessOptions {
  /** How many messages run side by side in this consumer. 16; up to 1,000. It takes no more than it can begin. */
  concurrency?: number;
}

export type QueueEvent =
  | { type: "failed"; id: string; attempt: number; error: unknown; retryInMs: number }
  | { type: "dead"; id: string; attempt: number; error: unknown }
  /** This consumer lost a delivery: it was not heard in time. */
  | { type: "lease lost"; id: string }
  /** Deliveries of lost consumers were taken over; `dead` of them had no retries left. */
  | { type: "taken over"; count: number; dead: number }
  | { type: "trouble"; what: "add" | "take" | "keep" | "wait" | "schedule"; error: unknown };

export const limits = {
  /** Of a queue's name, a key and a `dedupe` id. */
  nameLengthMax: 512,
  concurrencyMax: 1_000,
  leaseMsMin: 1_000,
  /** What waits in a process until the server has it. More is refused with QueueFull. */
  waitingAddsMax: 100_000,
  /** What goes to the server in one script, which nobody else can interrupt. */
  batchMessagesMax: 500,
  batchBytesMax: 1 << 20,
  /** How many of the last errors of a message are kept, and how much of each. */
  errorsMax: 10,
  errorLengthMax: 1_000,
  /** How long a process's last batch is remembered, so that repeating it adds nothing. */
  batchKeptMs: 600_000,
  /** A consumer that sleeps looks by itself so often, in case that a token was lost with the process that got it. */
  sleepMsMax: 2_000,
  /** A consumer that was not heard for so long, and has nothing, is forgotten by the next one that starts or stops. */
  consumerKeptMs: 600_000,
  /** The longest pause before the server is asked again after it has failed. */
  pauseMsMax: 1_000,
} as const;

/** The options with their defaults, checked. */
export interface QueueSettings {
  name: string;
  /** What every key of the queue begins with; its hash. */
  base: string;
  server: Server;
  retries: number;
  backoff: BackoffPlan;
  leaseMs: number;
  timeoutMs: number;
  dedupeMs: number;
  onceMs: number;
  addTimeoutMs: number;
  lengthMax: number;
  payloadBytesMax: number;
  deadLettersMax: number;
  tell: (event: QueueEvent) => void;
  clock: Clock;
  randomness: Randomness;
}

/** Throws a TypeError that names the option. */
export function queueSettings(name: string, options: QueueOptions): QueueSettings {
  checkText(name, "the queue's name");
  if (/[{}]/.test(name)) throw new TypeError("the queue's name may not contain braces.");
  const randomness = options.randomness ?? systemRandomness;
  const leaseMs = durationMs(options.lease ?? "30s", "lease");
  if (leaseMs < limits.leaseMsMin) throw new TypeError(`lease is shorter than ${limits.leaseMsMin} ms.`);
  return {
    name,
    base: `larder:queue:{${name}}`,
    server: serverOf(options.server),
    retries: countOf(options.retries ?? 5, "retries", 0),
    backoff: backoffPlan(options.backoff ?? "exponential", randomness),
    leaseMs: Math.ceil(leaseMs),
    timeoutMs: durationMs(options.timeout ?? "15m", "timeout"),
    dedupeMs: atLeastOneMs(options.dedupeFor ?? "1h", "dedupeFor"),
    onceMs: atLeastOneMs(options.onceFor ?? "1d", "onceFor"),
    addTimeoutMs: durationMs(options.addTimeout ?? "10s", "addTimeout"),
    lengthMax: countOf(options.lengthMax ?? 1_000_000, "lengthMax", 1),
    payloadBytesMax: countOf(options.payloadBytesMax ?? 1 << 20, "payloadBytesMax", 1),
    deadLettersMax: countOf(options.deadLettersMax ?? 100_000, "deadLettersMax", 1),
    tell: telling(options.onEvent),
    clock: options.clock ?? systemClock,
    randomness,
  };
}

export function countOf(count: number, option: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (Number.isInteger(count) && count >= min && count <= max) return count;
  throw new TypeError(`${option} is no whole number from ${min} to ${max}: ${String(count)}.`);
}

export function checkText(text: string, option: string): void {
  if (
    typeof text === "string" &&
    text.length > 0 &&
    text.length <= limits.nameLengthMax &&
    !/\p{Surrogate}/u.test(text)
  )
    return;
  throw new TypeError(`${option} is no text of 1 to ${limits.nameLengthMax} characters.`);
}

function atLeastOneMs(duration: Duration, option: string): number {
  const ms = Math.ceil(durationMs(duration, option));
  if (ms < 1) throw new TypeError(`${option} is shorter than 1 ms.`);
  return ms;
}

function telling(onEvent: QueueOptions["onEvent"]): (event: QueueEvent) => void {
  return (event) => {
    try {
      onEvent?.(event);
    } catch {
      // What is told is nobody's duty: the message must not suffer for it.
    }
  };
}
