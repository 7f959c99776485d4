/**
 * The server's clock, without asking for it each time: what it said within the last second, and the time since then by the monotonic
 * clock here. Wall clocks of two machines are never compared. Exact enough to decide what a session's end means for a reader; whatever
 * writes is decided by the server itself.
 */
import type { Clock } from "../clock.ts";
import type { Server } from "../connection/server.ts";
import { serverMsOf } from "../connection/time-reply.ts";

const askEveryMs = 1_000;

export class ServerClock {
  readonly #server: Server;
  readonly #clock: Clock;
  #said: { serverMs: number; atMs: number } | undefined;
  #asking: Promise<number> | undefined;
  #isListening = false;

  constructor(server: Server, clock: Clock) {
    this.#server = server;
    this.#clock = clock;
  }

  /** Milliseconds since 1970. Asked for in the turn of the call where it has to be. */
  nowMs(): number | Promise<number> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#said !== undefined && nowMs - this.#said.atMs < askEveryMs)
      return this.#said.serverMs + nowMs - this.#said.atMs;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    // Whoever does not wait, as its own command has failed, needs no second error.
    this.#asking.catch(() => {});
    return this.#asking;
  }

  async #ask(): Promise<number> {
    this.#listen();
    const serverMs = Math.floor(serverMsOf(await this.#server.main.ask(["TIME"])));
    this.#said = { serverMs, atMs: this.#clock.monotonicMs() };
    return serverMs;
  }

  /** After a reconnection it may be another machine. */
  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    this.#server.main.listen({
      onLost: () => {
        this.#said = undefined;
      },
    });
  }
}
