/**
 * Asks one engine whether its replicas have what it has executed, for all connections to it: for each batch one write that
 * changes nothing, and WAIT behind it, on a connection of its own. What was answered before the two are sent comes before
 * them in the stream of replication, so the replicas that have the one have the other, whichever connection the write was
 * on. On the connections of clients a WAIT would hold up reads, and the commands of others.
 *
 *   the engine says                 the batch is
 *   enough replicas                 confirmed
 *   fewer, when the time is over    NOREPLICAS: executed, and perhaps lost with this engine
 *   anything else, or it is lost    OUTCOMEUNKNOWN
 *
 * Only the engine that executed a write can confirm it. When that one dies all its connections end at the same moment, and
 * holds are abandoned with theirs: that is noticed before another life of the engine can be asked anything.
 */
import type { Route } from "@larder/api";
import { encodeError } from "@larder/resp";
import { backoffMs, type Clock, type Randomness } from "@larder/service";
import type { AskConnection } from "../engine/ask-connection.ts";
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";
import type { HoldOwner, ReplyHold } from "./reply-hold.ts";
import { outcomeUnknownReply } from "./unconfirmed-replies.ts";
import { WriteBatch } from "./write-batch.ts";

export type DurableWrites = NonNullable<Route["durableWrites"]>;

interface Reader {
  resumeReading(): void;
}

export interface ConfirmerOptions {
  wanted: DurableWrites;
  /** Resolves with null when that fails. */
  connect(): Promise<AskConnection | null>;
  randomness: Randomness;
  clock: Clock;
}

/** With one, a write would wait for the end of a question that does not speak of it. More than two gained nothing. */
const questionsMax = 2;
const reconnect = { firstMs: 5, maxMs: 250 };
/** Nobody can be subscribed to it by a pattern. */
const noOperation = ["Spublish", "larder:durable", ""];

export class WriteConfirmer implements HoldOwner {
  wanted: DurableWrites;
  heldBytes = 0;

  readonly #options: ConfirmerOptions;
  #gathering = new WriteBatch();
  #isScheduled = false;
  /** Questions under way. */
  #asking = 0;
  #isClosed = false;
  #isRetired = false;
  /** Those on which no question is under way. */
  #idle: AskConnection[] = [];
  readonly #busy = new Set<AskConnection>();
  readonly #paused = new Set<Reader>();

  constructor(options: ConfirmerOptions) {
    this.#options = options;
    this.wanted = options.wanted;
  }

  /** All writes whose replies come in the same turn of the event loop, and while no further question may be asked, are one batch. */
  join(hold: ReplyHold): WriteBatch {
    this.#gathering.holds.add(hold);
    if (!this.#isScheduled && this.#asking < questionsMax) {
      this.#isScheduled = true;
      setImmediate(() => {
        this.#isScheduled = false;
        this.#confirmNext();
      });
    }
    return this.#gathering;
  }

  /** Stops `reader` while too much is held, which ends with a batch. */
  slowDown(reader: Reader & { pauseReading(): void }): void {
    if (this.heldBytes <= limits.heldReplyBytesMax) return;
    counters.larder_gateway_held_replies_full_total++;
    reader.pauseReading();
    this.#paused.add(reader);
  }

  /** What is under way is not confirmed any more. */
  close(): void {
    this.#isClosed = true;
    this.giveUp();
  }

  /** What is in flight still joins; it ends with that. */
  retire(): void {
    this.#isRetired = true;
    this.#endIfRetired();
  }

  /** The engine answers no more, though its connections have not ended. */
  giveUp(): void {
    for (const connection of [...this.#idle, ...this.#busy]) connection.close();
  }

  #confirmNext(): void {
    if (this.#gathering.holds.size === 0 || this.#asking >= questionsMax) return;
    const batch = this.#gathering;
    this.#gathering = new WriteBatch();
    void this.#confirm(batch);
  }

  async #confirm(batch: WriteBatch): Promise<void> {
    this.#asking++;
    const connection = await this.#connected();
    batch.settle(connection === null ? this.#missed() : await this.#askOn(connection));
    this.#asking--;
    this.#goOnReading();
    this.#confirmNext();
    this.#endIfRetired();
  }

  async #askOn(connection: AskConnection): Promise<Buffer | null> {
    this.#busy.add(connection);
    const outcome = await this.#ask(connection);
    this.#busy.delete(connection);
    if (connection.state === "ready") this.#idle.push(connection);
    return outcome;
  }

  #endIfRetired(): void {
    if (this.#isRetired && this.#asking === 0) this.giveUp();
  }

  /** null once it was tried in vain for as long as writes may wait. */
  async #connected(): Promise<AskConnection | null> {
    const { clock, connect, randomness } = this.#options;
    this.#idle = this.#idle.filter(({ state }) => state === "ready");
    let connection = this.#idle.pop() ?? null;
    const deadlineMs = clock.monotonicMs() + this.wanted.timeoutMs;
    for (let attempt = 0; connection === null; attempt++) {
      if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, backoffMs(attempt, reconnect, randomness)));
      if (this.#isClosed || clock.monotonicMs() > deadlineMs) return null;
      connection = await connect();
    }
    if (this.#isClosed) connection.close();
    return connection;
  }

  async #ask(connection: AskConnection): Promise<Buffer | null> {
    const { replicas, timeoutMs } = this.wanted;
    counters.larder_gateway_write_confirmations_total++;
    void connection.ask(noOperation);
    const answer = connection.ask(["Wait", String(replicas), String(timeoutMs)]);
    connection.write();
    const confirmed = await answer;
    if (typeof confirmed !== "number") return outcomeUnknownReply;
    return confirmed >= replicas ? null : this.#missed();
  }

  #missed(): Buffer {
    if (this.#isClosed) return outcomeUnknownReply;
    const { replicas, timeoutMs } = this.wanted;
    const few = replicas === 1 ? "no replica" : `fewer than ${replicas} replicas`;
    const text = `NOREPLICAS the write was made but ${few} in sync confirmed it within ${timeoutMs} ms; it may be lost if the primary is`;
    return Buffer.from(encodeError(text));
  }

  #goOnReading(): void {
    if (this.heldBytes > limits.heldReplyBytesMax) return;
    for (const reader of this.#paused) reader.resumeReading();
    this.#paused.clear();
  }
}
