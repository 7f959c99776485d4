/**
 * Channels of the server that parts of a process listen to: one subscription for each, however many listen. Listeners are told when it
 * is in force, and again after each reconnection: from then on no message is missed until `onLost`.
 */
import { connectionLimits } from "../connection/connection.ts";
import type { Server } from "../connection/server.ts";
import { channelLimits } from "./channel/limits.ts";
import { untilAnswered } from "./retry.ts";

export interface SubscriptionListener {
  onMessage(payload: Buffer): void;
  onSubscribed(): void;
  onLost(): void;
  onTrouble(error: unknown): void;
}

const ofServers = new WeakMap<Server, Subscriptions>();

export function subscriptionsOf(server: Server): Subscriptions {
  let subscriptions = ofServers.get(server);
  if (subscriptions === undefined) {
    subscriptions = new Subscriptions(server);
    ofServers.set(server, subscriptions);
  }
  return subscriptions;
}

export class Subscriptions {
  readonly #server: Server;
  readonly #channels = new Map<string, SharedSubscription>();
  #isListening = false;
  #probeTimer: ReturnType<typeof setInterval> | undefined;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Returns what ends it. */
  listen(channel: string, listener: SubscriptionListener): () => void {
    this.#begin();
    let shared = this.#channels.get(channel);
    if (shared === undefined) {
      shared = new SharedSubscription(this.#server, channel, () => this.#forget(channel));
      this.#channels.set(channel, shared);
    }
    return shared.add(listener);
  }

  #forget(channel: string): void {
    this.#channels.delete(channel);
    if (this.#channels.size > 0) return;
    clearInterval(this.#probeTimer);
    this.#probeTimer = undefined;
  }

  /**
   * A connection that only listens would not notice that the other side is gone without a word. Subscribing once more to one
   * channel asks something, so that silence counts (ioredis; `redis` asks by itself, and makes no command of it).
   */
  #probe(): void {
    const [shared] = this.#channels.values();
    shared?.probe();
  }

  #begin(): void {
    if (this.#probeTimer === undefined) {
      this.#probeTimer = setInterval(() => this.#probe(), connectionLimits.pingEveryMs);
      this.#probeTimer.unref();
    }
    if (this.#isListening) return;
    this.#isListening = true;
    this.#server.subscriber.listen({
      onReady: () => {
        for (const shared of this.#channels.values()) shared.renew();
      },
      onLost: () => {
        for (const shared of this.#channels.values()) shared.lose();
      },
    });
  }
}

/** off → subscribing → on; lost: off, until the connection is back. Subscribing and unsubscribing never overlap. */
class SharedSubscription {
  readonly #server: Server;
  readonly #channel: string;
  readonly #onUnused: () => void;
  readonly #listeners = new Set<SubscriptionListener>();
  #isOn = false;
  #work: Promise<void> | undefined;
  #isAskedAgain = false;

  constructor(server: Server, channel: string, onUnused: () => void) {
    this.#server = server;
    this.#channel = channel;
    this.#onUnused = onUnused;
  }

  add(listener: SubscriptionListener): () => void {
    this.#listeners.add(listener);
    if (this.#isOn) queueMicrotask(() => this.#isOn && this.#listeners.has(listener) && listener.onSubscribed());
    else this.renew();
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.renew();
    };
  }

  lose(): void {
    this.#isOn = false;
    for (const listener of [...this.#listeners]) listener.onLost();
  }

  probe(): void {
    // What goes wrong is told by the connection.
    if (this.#isOn && this.#work === undefined)
      this.#server.subscriber.subscribe(this.#channel, this.#hear).catch(() => {});
  }

  /** Brings the server's side in line: also after the library has subscribed again by itself, to know that it has. */
  renew(): void {
    if (this.#work !== undefined) {
      this.#isAskedAgain = true;
      return;
    }
    this.#work = this.#align().finally(() => {
      this.#work = undefined;
      if (!this.#isAskedAgain) return;
      this.#isAskedAgain = false;
      if (this.#isOn !== this.#listeners.size > 0) this.renew();
    });
  }

  async #align(): Promise<void> {
    if (this.#listeners.size === 0) return this.#end();
    const stopped = new AbortController();
    await untilAnswered(
      async () => {
        if (this.#listeners.size === 0) return stopped.abort();
        await this.#server.subscriber.subscribe(this.#channel, this.#hear);
      },
      {
        signal: stopped.signal,
        msMin: channelLimits.retryMsMin,
        msMax: channelLimits.retryMsMax,
        onFailure: (error) => {
          for (const listener of [...this.#listeners]) listener.onTrouble(error);
        },
      },
    );
    if (stopped.signal.aborted) return;
    this.#isOn = true;
    for (const listener of [...this.#listeners]) listener.onSubscribed();
  }

  async #end(): Promise<void> {
    this.#isOn = false;
    await this.#server.subscriber.unsubscribe(this.#channel).catch(() => {});
    if (this.#listeners.size === 0) this.#onUnused();
  }

  readonly #hear = (payload: Buffer) => {
    for (const listener of this.#listeners) listener.onMessage(payload);
  };
}
