/** One listener of a channel: hands what its cursor gives to a function, one after the other, or to a loop. */
import { withResolvers } from "../../promise.ts";
import type { Delivery, Gap } from "./entry.ts";
import { isGap } from "./entry.ts";
import type { Cursor, Feed } from "./feed.ts";
import { gapsTold } from "./metrics.ts";
import type { Message, SubscribeOptions } from "./options.ts";

export interface Listener<T> {
  onMessage(data: T, message: Message<T>): void | Promise<void>;
  onGap?: ((gap: Gap) => void) | undefined;
  onError?: ((error: unknown) => void) | undefined;
}

export interface BoundOptions extends SubscribeOptions {
  signal: AbortSignal;
  /** Aborts the signal. */
  onEnd: () => void;
}

export class Subscription {
  /** Resolves once what is published from then on is heard, also when that is after a while because the server is away; or when closed. */
  readonly ready: Promise<void>;
  readonly #pump: () => Promise<void>;
  readonly #cursor: Cursor;
  readonly #onEnd: () => void;
  #isPumping = false;

  constructor(feed: Feed, listener: Listener<never>, { from = "now", signal, onEnd, onTrouble }: BoundOptions) {
    const { promise, resolve } = withResolvers();
    this.ready = promise;
    this.#pump = () => this.#run(listener);
    this.#onEnd = onEnd;
    this.#cursor = feed.open(from, {
      onReadable: () => void this.#pump(),
      onReady: resolve,
      ...(onTrouble && { onTrouble }),
    });
    const end = () => {
      this.#cursor.close();
      resolve();
    };
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  }

  /** The last message that was handed over; resume from here. Null before it is known, and without a history. */
  get position(): string | null {
    return this.#cursor.position;
  }

  /** Nothing is handed over after. Idempotent. */
  close(): void {
    this.#onEnd();
  }

  async #run(listener: Listener<never>): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    for (let next = this.#cursor.take(); next !== null; next = this.#cursor.take()) {
      try {
        const handled = deliver(next, listener);
        if (handled !== undefined) await handled;
      } catch (error) {
        report(error, listener);
      }
    }
    this.#isPumping = false;
  }
}

/** What a loop gets: messages and gaps. Ends with the signal. */
export async function* eventsOf<T>(begin: () => [Feed, BoundOptions]): AsyncGenerator<Message<T> | Gap, void, void> {
  const [feed, { from = "now", signal, onEnd, onTrouble }] = begin();
  let wake: () => void = () => {};
  const cursor = feed.open(from, { onReadable: () => wake(), ...(onTrouble && { onTrouble }) });
  signal.addEventListener("abort", () => wake());
  try {
    while (!signal.aborted) {
      const next = cursor.take();
      if (next !== null) yield eventOf<T>(next);
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    cursor.close();
    onEnd();
  }
}

export function eventOf<T>(delivery: Delivery): Message<T> | Gap {
  if (!isGap(delivery)) {
    try {
      return { type: "message", id: delivery.id, data: delivery.data as T };
    } catch {
      return count({ type: "gap", reason: "unreadable", after: delivery.previous, id: delivery.id });
    }
  }
  return count(delivery);
}

function count(gap: Gap): Gap {
  gapsTold().add(1, { reason: gap.reason });
  return gap;
}

function deliver(delivery: Delivery, listener: Listener<never>): void | Promise<void> {
  const event = eventOf<never>(delivery);
  if (event.type === "message") return listener.onMessage(event.data, event);
  return listener.onGap?.(event);
}

/** As with any listener of an event: what it throws and nobody wants is the process's. */
function report(error: unknown, { onError }: Listener<never>): void {
  if (onError !== undefined) return onError(error);
  queueMicrotask(() => {
    throw error;
  });
}
