/** A message in the hands of a handler. */
import { type HandlerTimeout, LeaseLost } from "./errors.ts";
import type { Header } from "./message.ts";
import { type Effect, once } from "./once.ts";
import type { QueueSettings } from "./options.ts";

/** What a handler is told beside the payload, and can do. */
export interface MessageContext {
  readonly id: string;
  readonly key: string | undefined;
  /** From 1 on; also counts deliveries whose consumer was lost. */
  readonly attempt: number;
  /** When it was added, by the server's clock: milliseconds since 1970. */
  readonly addedMs: number;
  /**
   * Grows with each delivery of this message. Together with `id`, what another store can compare: refuse a write
   * whose fence is lower than the one that it has.
   */
  readonly fence: number;
  /** Aborted when the delivery is lost (LeaseLost), takes too long (HandlerTimeout), or the consumer stops and will wait no longer. */
  readonly signal: AbortSignal;
  /** See once.ts. */
  once<R = unknown>(effect: Effect<R>, name?: string): Promise<R>;
}

export class Delivery implements MessageContext {
  readonly level: number;
  readonly entry: string;
  readonly header: Header;
  readonly beganMs: number;
  /** When the server last said that it is kept. */
  keptMs: number;
  /** What the handler does has no influence any more. */
  isOver = false;
  readonly #queue: QueueSettings;
  #controller: AbortController | undefined;

  constructor(queue: QueueSettings, at: { level: number; entry: string; header: Header; nowMs: number }) {
    this.#queue = queue;
    this.level = at.level;
    this.entry = at.entry;
    this.header = at.header;
    this.beganMs = at.nowMs;
    this.keptMs = at.nowMs;
  }

  get id(): string {
    return this.header.i;
  }

  get key(): string | undefined {
    return this.header.k;
  }

  get attempt(): number {
    return (this.header.a ?? 0) + 1;
  }

  get addedMs(): number {
    return this.header.t;
  }

  get fence(): number {
    return (this.header.d ?? 0) + 1;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  /** A function of its own, so that a handler may take it out of the context. */
  get once(): MessageContext["once"] {
    return async <R>(effect: Effect<R>, name = "effect") => {
      if (this.isOver) throw new LeaseLost();
      return await once(this.#queue, this, { effect, name });
    };
  }

  /** Ends it before its handler does. */
  end(reason: LeaseLost | HandlerTimeout | Error): void {
    this.isOver = true;
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }
}
