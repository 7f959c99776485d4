/**
 * This worker's line to another one: follows what it tells of itself, and asks it. A line that is lost is made anew, with
 * backoff, or at once when the other one calls.
 *
 *   state    left by                         to
 *   away     the socket opens                 meeting
 *   meeting  the other has told its ports     there     (they come last, so the counts are known by then)
 *   meeting, there   the socket ends          away      what it told is forgotten: its clients went with it
 */
import { backoffMs, type Randomness } from "@larder/service";
import type { Taken } from "../access/login-throttle.ts";
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";
import { type LineEvents, type LineSocket, lineSocketHandlers } from "./line-socket.ts";
import { parseMessage, type WorkerMessage, type WorkerQuestion } from "./worker-messages.ts";

const reconnect = { firstMs: 20, maxMs: 1_000 };

export interface WorkerLinkOptions {
  socketPath: string;
  /** The number of this worker. */
  own: number;
  randomness: Randomness;
  /** It came, went, or told something new. */
  onChange(): void;
  onFailedLogins(taken: readonly Taken[]): void;
}

export class WorkerLink {
  readonly clients = new Map<string, number>();
  ports: ReadonlySet<number> = new Set();
  readonly #options: WorkerLinkOptions;
  #state: "away" | "meeting" | "there" = "away";
  #lines: LineSocket | null = null;
  #isDialling = false;
  #isStopped = false;
  #attempt = 0;
  #retryTimer: Timer | null = null;
  #lastQuestion = 0;
  readonly #awaited = new Map<number, (value: unknown) => void>();

  constructor(options: WorkerLinkOptions) {
    this.#options = options;
  }

  get isThere(): boolean {
    return this.#state === "there";
  }

  /** Connects, unless it does so or has done so. Resolves when the other one is there, or was found to be away. */
  async dial(): Promise<void> {
    if (this.#isDialling || this.#lines !== null || this.#isStopped) return;
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    this.#isDialling = true;
    const met = Promise.withResolvers<void>();
    const socket = lineSocketHandlers((lines) => this.#onOpen(lines, met.resolve));
    try {
      await Bun.connect<LineSocket>({ unix: this.#options.socketPath, socket });
      await met.promise;
    } catch {
      this.#isDialling = false;
      this.#dialLater();
    }
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#lines?.close();
  }

  /** What the other one answers; null where it is away, goes, or is late. */
  ask(question: WorkerQuestion): Promise<unknown> {
    const lines = this.#lines;
    if (lines === null) return Promise.resolve(null);
    const number = ++this.#lastQuestion;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        counters.larder_gateway_worker_answers_late_total++;
        settle(null);
      }, limits.workerAnswerMs);
      const settle = (value: unknown) => {
        clearTimeout(timer);
        this.#awaited.delete(number);
        resolve(value);
      };
      this.#awaited.set(number, settle);
      lines.send(JSON.stringify({ ask: number, question } satisfies WorkerMessage));
    });
  }

  #onOpen(lines: LineSocket, onMet: () => void): LineEvents {
    this.#isDialling = false;
    this.#state = "meeting";
    this.#lines = lines;
    lines.send(JSON.stringify({ hello: this.#options.own } satisfies WorkerMessage));
    if (this.#isStopped) lines.close();
    return {
      onLine: (line) => {
        const message = parseMessage(line);
        if (message === null) return lines.close();
        this.#take(message);
        if (this.isThere) onMet();
      },
      onDrained() {},
      onClosed: () => {
        this.#onClosed();
        onMet();
      },
    };
  }

  #take(message: WorkerMessage): void {
    if ("answer" in message) return this.#awaited.get(message.answer)?.(message.value);
    if ("clients" in message) {
      if (message.areAll) this.clients.clear();
      for (const [cacheId, count] of Object.entries(message.clients)) {
        if (count === 0) this.clients.delete(cacheId);
        else this.clients.set(cacheId, count);
      }
    }
    if ("logins" in message) this.#options.onFailedLogins(message.logins);
    if ("ports" in message) {
      this.ports = new Set(message.ports);
      this.#state = "there";
      this.#attempt = 0;
      this.#options.onChange();
    }
  }

  #onClosed(): void {
    if (this.#state === "there") counters.larder_gateway_worker_connections_lost_total++;
    this.#state = "away";
    this.#lines = null;
    this.clients.clear();
    this.ports = new Set();
    for (const settle of [...this.#awaited.values()]) settle(null);
    if (this.#isStopped) return;
    this.#dialLater();
    this.#options.onChange();
  }

  #dialLater(): void {
    if (this.#isStopped || this.#retryTimer !== null) return;
    this.#retryTimer = setTimeout(
      () => {
        this.#retryTimer = null;
        void this.dial();
      },
      backoffMs(this.#attempt++, reconnect, this.#options.randomness),
    );
  }
}
