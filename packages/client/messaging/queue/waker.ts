/**
 * Sleeps until there is something to do. The server keeps one token for all consumers; whoever gets it looks, and leaves it to the next one
 * when there may be more than it could take. So one message wakes one consumer, however many sleep.
 */
import type { Connection } from "../../connection/connection.ts";
import { limits, type QueueSettings } from "./options.ts";

export class Waker {
  readonly #queue: QueueSettings;
  readonly #onWake: () => void;
  /** Its own, as waiting blocks it. */
  #connection: Connection | undefined;
  #isAsleep = false;
  #failures = 0;
  #isClosed = false;

  constructor(queue: QueueSettings, onWake: () => void) {
    this.#queue = queue;
    this.#onWake = onWake;
  }

  sleep(): void {
    if (this.#isAsleep || this.#isClosed) return;
    this.#isAsleep = true;
    void this.#wait();
  }

  close(): void {
    this.#isClosed = true;
    this.#connection?.close();
  }

  async #wait(): Promise<void> {
    const { base, server, clock, tell } = this.#queue;
    this.#connection ??= server.dedicated();
    try {
      await this.#connection.ask(["BLPOP", `${base}:wake`, String(limits.sleepMsMax / 1_000)]);
      this.#failures = 0;
    } catch (error) {
      if (this.#isClosed) return;
      tell({ type: "trouble", what: "wait", error });
      // A token may have been lost with the connection, so the first look is at once.
      if (this.#failures > 0) await clock.sleep(Math.min(20 * 2 ** this.#failures, limits.pauseMsMax));
      this.#failures++;
    }
    this.#isAsleep = false;
    if (!this.#isClosed) this.#onWake();
  }
}
