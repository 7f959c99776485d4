/**
 * One shared connection, kept up, and the clients that wait for it: while the engine is away, or while traffic is held
 * for a move. Away for longer than `holdMs`, its clients are let go, and are refused until it is back.
 */
import { backoffMs, type Randomness } from "@larder/service";
import type { ClientConnection } from "../client/client-connection.ts";
import type { DurableConnection } from "../durability/durable-connection.ts";
import { limits } from "../limits.ts";
import type { ServerTarget } from "./server-connection.ts";
import type { SharedConnection } from "./shared-connection.ts";

const reconnect = { firstMs: 5, maxMs: 250 };

export type LaneConnection = SharedConnection | DurableConnection;

export interface LaneOptions {
  /** Where to connect; null while there is no node. */
  target(): ServerTarget | null;
  /** A connection that has not been started, of the kind that is wanted now. */
  open(target: ServerTarget): LaneConnection;
  onReady(connection: LaneConnection): void;
  /** The engine says that it is no primary. */
  onDemoted(): void;
  randomness: Randomness;
  /** Whether clients that wait may have somewhere else to go. */
  mayGoElsewhere(): boolean;
}

export class Lane {
  /** Ready to take commands; null while it is not. */
  connection: LaneConnection | null = null;
  /** The engine has been away for longer than clients are held. */
  isUnavailable = false;

  readonly #options: LaneOptions;
  readonly #waiting = new Set<ClientConnection>();
  #current: LaneConnection | null = null;
  #connecting: LaneConnection | null = null;
  #isHeld = false;
  /** Set while the connection is not what is wanted any more: it takes no more, and ends when it is drained. */
  #renewTimer: Timer | null = null;
  #isClosed = false;
  #attempt = 0;
  #retryTimer: Timer | null = null;
  #holdTimer: Timer | null = null;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** Begins to connect, unless it is connected or does so already. */
  ensure(): void {
    if (this.#current !== null || this.#connecting !== null || this.#retryTimer !== null || this.#isClosed) return;
    this.#holdTimer ??= setTimeout(() => this.#giveUpHolding(), limits.holdMs);
    const target = this.#options.target();
    if (target === null) return this.#retryLater();
    const connection = this.#options.open(target);
    this.#connecting = connection;
    connection.start({
      onReady: () => this.#onReady(connection),
      onClosed: () => this.#onClosed(connection),
      onDemoted: () => this.#options.onDemoted(),
    });
  }

  /** The client is resumed when commands may go, or when the engine has been away for too long. */
  wait(client: ClientConnection): void {
    this.#waiting.add(client);
    this.ensure();
  }

  forget(client: ClientConnection): void {
    this.#waiting.delete(client);
  }

  /** It could not be connected since it last was. */
  get isAway(): boolean {
    return this.#attempt > 0;
  }

  /** Whether it is connected, held or not. */
  get isReady(): boolean {
    return this.#current !== null;
  }

  /** It takes no more for now. */
  get isFull(): boolean {
    return this.#current?.isFull === true;
  }

  /** No further command goes out until release(). */
  hold(): void {
    this.#isHeld = true;
    this.connection = null;
  }

  release(): void {
    this.#isHeld = false;
    this.connection = this.#renewTimer === null ? this.#current : null;
    if (this.connection !== null) this.#resumeWaiting();
  }

  get isDrained(): boolean {
    return this.#current === null || this.#current.isDrained;
  }

  /** Another connection is wanted: no further command goes out on this one, and the next follows once it is drained. */
  renew(): void {
    this.#connecting?.close();
    if (this.#current === null || this.#renewTimer !== null) return;
    this.connection = null;
    this.#renewTimer = setInterval(() => this.#renewIfDrained(), limits.moveStepMs);
  }

  #renewIfDrained(): void {
    if (!this.isDrained || this.#renewTimer === null) return;
    clearInterval(this.#renewTimer);
    this.#renewTimer = null;
    this.#current?.close();
    this.ensure();
  }

  /** The connection answers no more, though it has not ended. */
  giveUp(): void {
    this.#current?.close();
  }

  close(): void {
    this.#isClosed = true;
    this.#clearTimers();
    this.#connecting?.close();
    this.#current?.close();
    this.#resumeWaiting();
  }

  #onReady(connection: LaneConnection): void {
    this.#connecting = null;
    this.#current = connection;
    this.#attempt = 0;
    this.isUnavailable = false;
    this.#clearTimers();
    this.#options.onReady(connection);
    if (!this.#isHeld) this.release();
  }

  #onClosed(connection: LaneConnection): void {
    if (this.#current === connection) {
      this.#current = null;
      this.connection = null;
    }
    if (this.#connecting !== connection) return;
    this.#connecting = null;
    this.#retryLater();
  }

  #retryLater(): void {
    if (this.#isClosed) return;
    this.#retryTimer = setTimeout(
      () => {
        this.#retryTimer = null;
        this.ensure();
      },
      backoffMs(this.#attempt++, reconnect, this.#options.randomness),
    );
    // Not at once: who has just begun to wait is not held yet.
    if (this.#attempt === 1 && this.#options.mayGoElsewhere()) setImmediate(() => this.#resumeWaiting());
  }

  #giveUpHolding(): void {
    this.isUnavailable = true;
    this.#resumeWaiting();
  }

  #resumeWaiting(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const client of waiting) client.resume();
  }

  #clearTimers(): void {
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    if (this.#holdTimer !== null) clearTimeout(this.#holdTimer);
    if (this.#renewTimer !== null) clearInterval(this.#renewTimer);
    this.#renewTimer = null;
    this.#retryTimer = null;
    this.#holdTimer = null;
  }
}
