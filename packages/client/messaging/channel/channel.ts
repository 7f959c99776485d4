/**
 * A channel: what anybody publishes, everybody who listens hears, in one order.
 *
 * With a history, on a stream in the server, each listener gets every message once and in order, whatever happens to connections
 * and servers, as long as the history still has it; where it has not, the listener is told of a gap, never left in silence. Without
 * one it is plain publish/subscribe.
 *
 * It is no queue: nobody acknowledges, and who does not listen or resume misses what the history has dropped.
 */
import { ServerUnreachable } from "../../connection/connection.ts";
import { type Server, serverOf } from "../../connection/server.ts";
import { durationMs } from "../../duration.ts";
import { type Delivery, type Gap, unkeptPayload } from "./entry.ts";
import { isEventId } from "./event-id.ts";
import type { Cursor, CursorHooks, Feed, From } from "./feed.ts";
import { HistoryFeed } from "./history-feed.ts";
import { channelLimits } from "./limits.ts";
import { published } from "./metrics.ts";
import {
  type ChannelOptions,
  type Message,
  MessageTooLarge,
  type PublishOptions,
  PublishUnknown,
  type SubscribeOptions,
} from "./options.ts";
import { PlainFeed } from "./plain-feed.ts";
import { type ChannelKeys, channelKeys, type HistoryBounds, StreamLog } from "./stream-log.ts";
import { type BoundOptions, eventOf, eventsOf, Subscription } from "./subscription.ts";

export interface ListenOptions extends SubscribeOptions {
  /** Messages may have been missed here. */
  onGap?: (gap: Gap) => void;
  /** What the listener threw; it goes on with the next. Unless given, it is thrown where nobody catches it. */
  onError?: (error: unknown) => void;
}

/** All processes that use the channel give the same name and the same kind of history. */
export function createChannel<T>(name: string, options: ChannelOptions): Channel<T> {
  if (typeof name !== "string" || name === "") throw new TypeError("name has to be a string that is not empty.");
  return channelAt(channelKeys("channel", name), options);
}

/** A channel at keys of one's own. `watch` is called for each that listens, and what it returns when that one ends. */
export function channelAt<T>(
  keys: ChannelKeys,
  { server, history = {} }: ChannelOptions,
  watch: () => () => void = () => () => {},
): Channel<T> {
  const bounds = history === false ? undefined : historyBounds(history);
  return new Channel(serverOf(server), keys, bounds, watch);
}

export function historyBounds({ length = 1_000, age }: { length?: number; age?: string | number }): HistoryBounds {
  if (!Number.isSafeInteger(length) || length < 1)
    throw new TypeError(`history.length has to be a whole number above 0: ${length}.`);
  const ageMs = age === undefined ? undefined : Math.ceil(durationMs(age as number, "history.age"));
  if (ageMs === 0) throw new TypeError("history.age has to be above 0.");
  return { length, ageMs };
}

export class Channel<T> {
  readonly #server: Server;
  readonly #log: StreamLog;
  readonly #bounds: HistoryBounds | undefined;
  readonly #watch: () => () => void;
  readonly #open = new Set<AbortController>();

  constructor(server: Server, keys: ChannelKeys, bounds: HistoryBounds | undefined, watch: () => () => void) {
    this.#server = server;
    this.#log = new StreamLog(server, keys);
    this.#bounds = bounds;
    this.#watch = watch;
  }

  /**
   * Returns the message's id, by which a listener can resume; null without a history, or when ephemeral. The message goes as JSON.
   * Rejects with MESSAGE_TOO_LARGE; with SERVER_UNREACHABLE, when it was not sent; with PUBLISH_UNKNOWN, when it may have been
   * published; and with what the server answered, for example that it is full. Publishing is not tried again by itself.
   */
  async publish(message: T, { ephemeral = false }: PublishOptions = {}): Promise<string | null> {
    const body = bodyOf(message);
    const id = await this.#send(body, ephemeral || this.#bounds === undefined ? undefined : this.#bounds);
    published().add(1);
    return id;
  }

  /**
   * Hands each message over, one after the other: when the listener returns a promise, the next comes after it. A slow listener of
   * a channel with a history reads what it has not had from there, and holds nobody up.
   */
  subscribe(
    onMessage: (data: T, message: Message<T>) => void | Promise<void>,
    { onGap, onError, ...options }: ListenOptions = {},
  ): Subscription {
    checkFrom(options.from, this.#bounds !== undefined);
    const listener = { onMessage: onMessage as (data: never, message: Message<never>) => void, onGap, onError };
    return new Subscription(this.#feed(), listener, this.#bound(options));
  }

  /** The same for a loop, gaps among the messages: `for await (const event of channel.events())`. Begins with the loop. */
  events(options: SubscribeOptions = {}): AsyncGenerator<Message<T> | Gap, void, void> {
    checkFrom(options.from, this.#bounds !== undefined);
    return eventsOf<T>(() => [this.#feed(), this.#bound(options)]);
  }

  /** The newest messages that are kept, oldest first. None without a history. Rejects with what the server answered. */
  async newest(count: number): Promise<Message<T>[]> {
    if (!Number.isSafeInteger(count) || count < 1 || count > channelLimits.newestMax)
      throw new TypeError(`count has to be a whole number from 1 to ${channelLimits.newestMax}: ${count}.`);
    const events = (await this.#log.newest(count)).map((entry) => eventOf<T>(entry));
    return events.filter((event) => event.type === "message");
  }

  /** What bridges read from: messages as they came, taken when there is room for them. */
  openCursor(from: From, hooks: CursorHooks): Cursor {
    return new WatchedCursor(this.#feed().open(from, hooks), this.#watch());
  }

  /** Ends the subscriptions and loops that were made here. Connections are the server's, and stay. */
  close(): void {
    for (const controller of this.#open) controller.abort();
    this.#open.clear();
  }

  async #send(body: string, bounds: HistoryBounds | undefined): Promise<string | null> {
    try {
      if (bounds !== undefined) return await this.#log.publish(body, bounds);
      await this.#server.main.ask(["PUBLISH", this.#log.keys.stream, unkeptPayload(body)]);
      return null;
    } catch (error) {
      if (error instanceof ServerUnreachable || isServersAnswer(error)) throw error;
      throw new PublishUnknown(error);
    }
  }

  /** One signal for what ends a subscription: its owner's, the channel's close, and its own end. */
  #bound(options: SubscribeOptions): BoundOptions {
    const controller = new AbortController();
    const end = () => controller.abort();
    const { signal } = controller;
    const unwatch = this.#watch();
    this.#open.add(controller);
    options.signal?.addEventListener("abort", end);
    signal.addEventListener("abort", () => {
      options.signal?.removeEventListener("abort", end);
      this.#open.delete(controller);
      unwatch();
    });
    if (options.signal?.aborted) end();
    return { ...options, signal, onEnd: end };
  }

  #feed(): Feed {
    const kind = this.#bounds === undefined ? "plain" : "history";
    return feedOf(this.#server, kind, this.#log);
  }
}

class WatchedCursor implements Cursor {
  readonly #cursor: Cursor;
  readonly #unwatch: () => void;

  constructor(cursor: Cursor, unwatch: () => void) {
    this.#cursor = cursor;
    this.#unwatch = unwatch;
  }

  get position(): string | null {
    return this.#cursor.position;
  }

  take(): Delivery | null {
    return this.#cursor.take();
  }

  close(): void {
    this.#cursor.close();
    this.#unwatch();
  }
}

const feeds = new WeakMap<Server, Map<string, Feed>>();

/** One for each channel of a server in a process. */
function feedOf(server: Server, kind: "plain" | "history", log: StreamLog): Feed {
  const ofServer = feeds.get(server) ?? new Map<string, Feed>();
  feeds.set(server, ofServer);
  const name = `${kind} ${log.keys.stream}`;
  let feed = ofServer.get(name);
  if (feed === undefined) {
    const onUnused = () => ofServer.delete(name);
    feed = kind === "plain" ? new PlainFeed(server, log.keys.stream, onUnused) : new HistoryFeed(server, log, onUnused);
    ofServer.set(name, feed);
  }
  return feed;
}

function bodyOf(message: unknown): string {
  const body = JSON.stringify(message) as string | undefined;
  if (body === undefined) throw new TypeError("The message is nothing that JSON can say.");
  const bytes = Buffer.byteLength(body);
  if (bytes > channelLimits.messageBytesMax) throw new MessageTooLarge(bytes, channelLimits.messageBytesMax);
  return body;
}

function checkFrom(from: unknown, hasHistory: boolean): void {
  if (from === undefined || from === "now") return;
  if (!hasHistory) throw new TypeError('from has to be "now" for a channel without a history.');
  if (from !== "beginning" && !isEventId(from))
    throw new TypeError(`from has to be "now", "beginning" or a message's id: ${JSON.stringify(from)}.`);
}

/** An error reply begins with its code in capitals. */
function isServersAnswer(error: unknown): boolean {
  return error instanceof Error && /^[A-Z]{2,} /.test(error.message);
}
