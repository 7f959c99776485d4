/**
 * The server's time, by which all processes judge the age of pages: asked now and then, when it is needed; in between this process's
 * monotonic clock counts. Without a server, and until one has answered, the wall clock of the start.
 */
import { ServerTime } from "../cache/second-level/server-time.ts";
import type { Clock } from "../clock.ts";
import type { Server } from "../connection/server.ts";
import { serverMsOf } from "../connection/time-reply.ts";

const askEveryMs = 30_000;
/** How long the first request waits for the time; and how soon a failure is tried again. */
const firstWaitMs = 250;
const retryMs = 1_000;

export class SharedTime {
  readonly #clock: Clock;
  readonly #server: Server | undefined;
  readonly #time = new ServerTime();
  readonly #startMs: number;
  #askAtMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | null = null;
  #first: Promise<void> | null = null;

  constructor(clock: Clock, server: Server | undefined) {
    this.#clock = clock;
    this.#server = server;
    this.#startMs = clock.nowMs() - clock.monotonicMs();
  }

  nowMs(): number {
    const localMs = this.#clock.monotonicMs();
    if (this.#server !== undefined && localMs >= this.#askAtMs) void this.#ask(this.#server);
    return this.#time.isKnown ? this.#time.ofLocal(localMs) : this.#startMs + localMs;
  }

  /** Once the time is known, or has not come in time; nobody waits for it a second time. */
  ready(): Promise<void> {
    this.#first ??= this.#server === undefined ? Promise.resolve() : this.#wait(this.#server);
    return this.#first;
  }

  async #wait(server: Server): Promise<void> {
    const waiting = new AbortController();
    await Promise.race([this.#ask(server), this.#clock.sleep(firstWaitMs, waiting.signal)]);
    waiting.abort();
  }

  #ask(server: Server): Promise<void> {
    this.#asking ??= this.#sample(server).finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #sample(server: Server): Promise<void> {
    const sentMs = this.#clock.monotonicMs();
    this.#askAtMs = sentMs + retryMs;
    try {
      const serverMs = serverMsOf(await server.main.ask(["TIME"]));
      this.#time.sample({ serverMs, sentMs, heardMs: this.#clock.monotonicMs() });
      this.#askAtMs = sentMs + askEveryMs;
    } catch {
      // The cache beneath says that its server is in trouble.
    }
  }
}
