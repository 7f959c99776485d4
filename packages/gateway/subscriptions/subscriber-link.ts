/**
 * A hub's line to the engine: connects when something is to be sent, keeps what waits for it, and carries a planned move
 * to another node.
 *
 * For a move a second connection is prepared: it subscribes to all that the first has, and from then on gets every request
 * that the first gets. Its messages are dropped until the switch, as the first brings them too. The switch waits until
 * each of the two has brought all that was published before it; so nothing may be published during it that only one of
 * them gets. Then the second takes over, and no message is missing and none comes twice.
 */
import { encodeRequest } from "@larder/resp";
import { backoffMs, type Randomness } from "@larder/service";
import type { EnginePlace } from "../engine/engine-place.ts";
import type { ServerTarget } from "../engine/server-connection.ts";
import { limits } from "../limits.ts";
import { type Answer, type OnMessage, SubscriberConnection } from "./subscriber-connection.ts";
import { type Kind, kinds } from "./subscriptions.ts";

/** What is sent as soon as it can be. One of the two is called, once. */
export interface Sending {
  run(): void;
  /** The engine has been away for too long. */
  refuse(): void;
}

export interface LinkOptions {
  /** Where to connect: to the place, or to that of the route in force; null while there is none. */
  target(place?: EnginePlace): ServerTarget | null;
  /** What the engine is to be subscribed to. */
  wanted(): Iterable<[Kind, string]>;
  onMessage: OnMessage;
  onRead(): void;
  /** The connection ended, or was dropped. Those who wait for answers are told next. */
  onLost(): void;
  randomness: Randomness;
}

const reconnect = { firstMs: 5, maxMs: 250 };
const ignore = () => {};

export class SubscriberLink {
  readonly #options: LinkOptions;
  #connection: SubscriberConnection | null = null;
  #connecting: SubscriberConnection | null = null;
  #prepared: SubscriberConnection | null = null;
  /** In the middle of a switch: nothing is sent. */
  #isHeld = false;
  #waiting: Sending[] = [];
  #attempt = 0;
  #retryTimer: Timer | null = null;
  #holdTimer: Timer | null = null;
  #isClosed = false;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#connection !== null;
  }

  /** Connected, and nothing waits to be sent. */
  get isIdle(): boolean {
    return this.#connection !== null && this.#waiting.length === 0;
  }

  confirmed(kind: Kind): ReadonlySet<string> {
    return this.#connection?.confirmed(kind) ?? none;
  }

  /** In the order of the calls. */
  send(sending: Sending): void {
    if (this.#connection !== null && !this.#isHeld && this.#waiting.length === 0) return sending.run();
    this.#waiting.push(sending);
    this.#ensure();
  }

  /** For `run` of a sending: there is a connection then. */
  ask(request: Buffer, confirmations: number, then: (answer: Answer) => void): void {
    this.#connection?.ask(request, confirmations, then);
    if (this.#prepared?.state === "ready") this.#prepared.ask(request, confirmations, ignore);
  }

  /** As `ask`: calls `then` behind all that the engine has sent until now. */
  fence(then: (answer: Answer) => void): void {
    this.#connection?.fence(then);
  }

  /** Ends the connection, as the node is no longer the one. The next request makes another. */
  drop(): void {
    this.abandon();
    this.#connecting?.close();
    this.#connection?.close();
  }

  close(): void {
    this.#isClosed = true;
    this.drop();
    this.#clearTimers();
    this.#waiting = [];
  }

  // ── moving ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Resolves when the node there has confirmed everything, rejects when it cannot. Stays in step afterwards. */
  prepare(place: EnginePlace): Promise<void> {
    this.abandon();
    const target = this.#options.target(place);
    if (target === null || this.#isClosed) return Promise.reject(new Error("there is no engine user to prepare for"));
    const connection = this.#open(target);
    this.#prepared = connection;
    return new Promise((resolve, reject) => {
      const lost = () => reject(new Error("the connection to the prepared node was lost"));
      connection.start({
        onReady: () => {
          for (const [kind, name] of this.#options.wanted()) connection.ask(subscribeRequest(kind, name), 1, ignore);
          connection.fence((answer) => (answer === "lost" ? lost() : resolve()));
        },
        onClosed: () => {
          this.#onClosed(connection);
          lost();
        },
      });
    });
  }

  /**
   * Goes over to the prepared node. Rejects, and leaves everything with the present one, when that is not possible. Nothing
   * may be published at the present node any more, and the prepared one must have all that was.
   */
  async switchToPrepared(): Promise<void> {
    const next = this.#prepared;
    const present = this.#connection;
    if (next?.state !== "ready") throw new Error("no node is prepared");
    this.#isHeld = true;
    try {
      await Promise.all([fenced(next), present === null ? null : fenced(present)]);
      if (this.#prepared !== next || this.#connection !== present) throw new Error("the switch was abandoned");
      if (present !== null && !isCovered(present, next)) throw new Error("the prepared node refused a subscription");
      this.#connecting?.close();
      this.#connection = next;
      this.#prepared = null;
      this.#clearTimers();
      present?.close();
    } finally {
      this.#isHeld = false;
      this.#sendWaiting();
    }
  }

  /** Everything stays with the present node. A switch under way rejects when that node has answered or is gone. */
  abandon(): void {
    const prepared = this.#prepared;
    this.#prepared = null;
    prepared?.close();
    this.#isHeld = false;
    this.#sendWaiting();
  }

  // ── connecting ─────────────────────────────────────────────────────────────────────────────────────────────────────

  #open(target: ServerTarget): SubscriberConnection {
    const connection: SubscriberConnection = new SubscriberConnection(target, {
      onMessage: (kind, name, bytes, start, end) => {
        if (connection === this.#connection) this.#options.onMessage(kind, name, bytes, start, end);
      },
      onRead: () => this.#options.onRead(),
    });
    return connection;
  }

  #ensure(): void {
    if (this.#connection !== null || this.#connecting !== null || this.#retryTimer !== null || this.#isClosed) return;
    this.#holdTimer ??= setTimeout(() => this.#giveUp(), limits.holdMs);
    const target = this.#options.target();
    if (target === null) return this.#retryLater();
    const connection = this.#open(target);
    this.#connecting = connection;
    connection.start({
      onReady: () => {
        this.#connecting = null;
        this.#connection = connection;
        this.#attempt = 0;
        this.#clearTimers();
        this.#sendWaiting();
      },
      onClosed: () => this.#onClosed(connection),
    });
  }

  #onClosed(connection: SubscriberConnection): void {
    if (connection === this.#prepared) this.#prepared = null;
    const isPresent = connection === this.#connection;
    if (!isPresent && connection !== this.#connecting) return;
    this.#connection = null;
    this.#connecting = null;
    this.#retryLater();
    if (isPresent) this.#options.onLost();
  }

  #retryLater(): void {
    if (this.#isClosed || this.#retryTimer !== null) return;
    this.#retryTimer = setTimeout(
      () => {
        this.#retryTimer = null;
        if (this.#waiting.length > 0) this.#ensure();
      },
      backoffMs(this.#attempt++, reconnect, this.#options.randomness),
    );
  }

  #giveUp(): void {
    this.#clearTimers();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) each.refuse();
  }

  #sendWaiting(): void {
    while (this.#connection !== null && !this.#isHeld) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next.run();
    }
  }

  #clearTimers(): void {
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    if (this.#holdTimer !== null) clearTimeout(this.#holdTimer);
    this.#retryTimer = null;
    this.#holdTimer = null;
  }
}

const none: ReadonlySet<string> = new Set();

function subscribeRequest(kind: Kind, name: string): Buffer {
  return encodeRequest([kind, Buffer.from(name, "latin1")]);
}

function fenced(connection: SubscriberConnection): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.fence((answer) => (answer === "lost" ? reject(new Error("a connection was lost")) : resolve()));
  });
}

function isCovered(present: SubscriberConnection, next: SubscriberConnection): boolean {
  return kinds.every((kind) => [...present.confirmed(kind)].every((name) => next.confirmed(kind).has(name)));
}
