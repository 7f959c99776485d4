/**
 * The way to the server: which connection, how long it is waited for, and whether it is asked at all. An error that the server answers proves that
 * it lives; no answer, or one that says it cannot serve now, counts for the breaker.
 */
import type { Clock } from "../../clock.ts";
import { type Connection, ServerUnreachable, Unsupported } from "../../connection/connection.ts";
import type { Server } from "../../connection/server.ts";
import { serverMsOf } from "../../connection/time-reply.ts";
import { Breaker } from "../breaker.ts";
import { Deadlines, TimedOut } from "../deadlines.ts";
import type { Events } from "../events.ts";
import type { CacheSettings } from "../settings.ts";
import { ServerTime } from "./server-time.ts";

/** The breaker is open, or the cache closed. */
export class ServerAway extends Error {
  override readonly name = "ServerAway";
  readonly code = "SERVER_AWAY";
}

/** How old a sample of the server's time may be where no heartbeat brings new ones. */
const sampleAgeMsMax = 30_000;

export class Link {
  readonly time = new ServerTime();
  readonly #server: Server;
  readonly #clock: Clock;
  readonly #events: Events;
  readonly #breaker: Breaker;
  readonly #deadlines: Deadlines;
  #isTracked: boolean;
  #isClosed = false;
  #askingTime: Promise<void> | undefined;
  #timeAskedMs = 0;

  constructor(server: Server, settings: CacheSettings, events: Events) {
    this.#server = server;
    this.#clock = settings.clock;
    this.#events = events;
    this.#breaker = new Breaker(settings.breaker);
    this.#deadlines = new Deadlines(settings.serverTimeoutMs, settings.clock);
    this.#isTracked = settings.firstLevelBytesMax > 0;
  }

  /** Whether reads go over the connection that is told of changes. */
  get isTracked(): boolean {
    return this.#isTracked;
  }

  get isOpen(): boolean {
    return !this.#isClosed && !this.#breaker.isOpen;
  }

  /** The server does not tell of changes. */
  withoutTracking(): void {
    this.#isTracked = false;
  }

  /** What `send` brings; rejects with why not, within the server's time limit. */
  async ask<T>(send: (connection: Connection) => Promise<T>): Promise<T> {
    this.#mayAsk();
    try {
      const reply = await this.#deadlines.bound(this.#send(send));
      if (this.#breaker.succeeded()) this.#events.trouble({ what: "breaker closed" });
      return reply;
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  /** Sent, if it can be; nobody waits for the answer. */
  tell(send: (connection: Connection) => Promise<unknown>): void {
    if (!this.#isClosed) this.#send(send).catch(() => {});
  }

  /** Sampled now, once for all who ask meanwhile, unless it was not long ago. */
  knowTime(): Promise<void> {
    const isFresh = this.#isTracked || this.#clock.monotonicMs() - this.#timeAskedMs < sampleAgeMsMax;
    if (this.time.isKnown && isFresh) return Promise.resolve();
    this.#askingTime ??= this.#askTime().finally(() => {
      this.#askingTime = undefined;
    });
    return this.#askingTime;
  }

  async #askTime(): Promise<void> {
    const sentMs = this.#clock.monotonicMs();
    this.#timeAskedMs = sentMs;
    const serverMs = serverMsOf(await this.ask((connection) => connection.ask(["TIME"])));
    this.time.sample({ serverMs, sentMs, heardMs: this.#clock.monotonicMs() });
  }

  close(): void {
    this.#isClosed = true;
    this.#deadlines.close();
  }

  async #send<T>(send: (connection: Connection) => Promise<T>): Promise<T> {
    if (!this.#isTracked) return send(this.#server.main);
    try {
      return await send(this.#server.tracking);
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      this.withoutTracking();
      return send(this.#server.main);
    }
  }

  #mayAsk(): void {
    if (this.#isClosed) throw new ServerAway("The cache is closed.");
    const permission = this.#breaker.ask(this.#clock.monotonicMs());
    if (permission === "yes") return;
    if (permission === "try") void this.#try();
    throw new ServerAway("The cache server did not answer lately, and is not asked for a while.");
  }

  async #try(): Promise<void> {
    try {
      await this.#deadlines.bound(this.#send((connection) => connection.ask(["PING"])));
    } catch (error) {
      if (kindOf(error) !== "answer") return void this.#breaker.failed(this.#clock.monotonicMs());
    }
    if (this.#breaker.succeeded()) this.#events.trouble({ what: "breaker closed" });
  }

  #failed(error: unknown): void {
    const kind = kindOf(error);
    if (kind === "answer" && this.#breaker.succeeded()) this.#events.trouble({ what: "breaker closed" });
    else if (kind === "silence" && this.#breaker.failed(this.#clock.monotonicMs()))
      this.#events.trouble({ what: "breaker open", error });
  }
}

/** A lost connection costs nobody any time, and is made anew: it is neither. */
function kindOf(error: unknown): "answer" | "silence" | "loss" {
  if (error instanceof TimedOut || error instanceof ServerUnreachable) return "silence";
  const message = error instanceof Error ? error.message : "";
  if (/^(LOADING|BUSY|MASTERDOWN|CLUSTERDOWN) /.test(message)) return "silence";
  return /^[A-Z][A-Z0-9]+( |$)/.test(message) ? "answer" : "loss";
}
