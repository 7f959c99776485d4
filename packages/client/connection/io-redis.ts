/**
 * Connections of an application that uses `ioredis`: made by `duplicate()` of the given instance, so that nothing of that
 * package is imported here. It hands invalidations on in no protocol but RESP2's, by a second connection.
 */
import {
  type Argument,
  type Connection,
  ConnectionClosed,
  type ConnectionListener,
  connectionLimits,
  isRefusal,
  type Reply,
  type SubscriberConnection,
  type TrackingConnection,
  trackingRefused,
  Unsupported,
} from "./connection.ts";
import { Readiness } from "./readiness.ts";

/** What of an instance of the package is used. */
export interface IoRedisClient {
  duplicate(overrides?: object): IoRedisClient;
  connect(): Promise<void>;
  call(command: string, ...args: Argument[]): Promise<unknown>;
  callBuffer(command: string, ...args: Argument[]): Promise<unknown>;
  subscribe(...channels: string[]): Promise<unknown>;
  unsubscribe(...channels: string[]): Promise<unknown>;
  disconnect(reconnect?: boolean): void;
  // biome-ignore lint/suspicious/noExplicitAny: the events of a library that is not imported
  on(event: string, listener: (...args: any[]) => void): unknown;
}

const invalidations = "__redis__:invalidate";

function connectionLike(client: IoRedisClient, ours: object = {}): IoRedisClient {
  return client.duplicate({
    lazyConnect: true,
    protocol: 2,
    enableOfflineQueue: false,
    // A command whose fate is unknown is not sent again.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    commandTimeout: undefined,
    socketTimeout: connectionLimits.silenceMsMax,
    keyPrefix: "",
    retryStrategy: (times: number) => Math.min(2 ** times * 10, connectionLimits.reconnectMsMax),
    ...ours,
  });
}

export class IoRedisConnection implements Connection {
  readonly client: IoRedisClient;
  readonly #readiness = new Readiness();
  #isOpen = false;

  constructor(like: IoRedisClient) {
    this.client = connectionLike(like);
    reportTo(this.#readiness, this.client);
  }

  get isReady(): boolean {
    return this.#readiness.isReady;
  }

  ask([name, ...args]: readonly Argument[]): Promise<Reply> {
    if (this.#readiness.isReady) return this.client.call(name as string, ...args) as Promise<Reply>;
    return this.#whenReady(() => this.client.call(name as string, ...args));
  }

  askBytes([name, ...args]: readonly Argument[]): Promise<Reply> {
    if (this.#readiness.isReady) return this.client.callBuffer(name as string, ...args) as Promise<Reply>;
    return this.#whenReady(() => this.client.callBuffer(name as string, ...args));
  }

  listen(listener: ConnectionListener): () => void {
    return this.#readiness.listen(listener);
  }

  open(): void {
    if (this.#isOpen || this.#readiness.isRefused) return;
    this.#isOpen = true;
    // What goes wrong comes as an event, too, and is tried again by the client.
    this.client.connect().catch(() => {});
  }

  close(): void {
    this.#readiness.close();
    if (this.#isOpen) this.client.disconnect();
    this.#isOpen = false;
  }

  async #whenReady(send: () => Promise<unknown>): Promise<Reply> {
    this.open();
    await this.#readiness.wait();
    return (await send()) as Reply;
  }
}

export class IoRedisSubscriber implements SubscriberConnection {
  readonly #client: IoRedisClient;
  readonly #readiness = new Readiness();
  readonly #listeners = new Map<string, (message: Buffer) => void>();

  constructor(like: IoRedisClient) {
    this.#client = connectionLike(like, {
      lazyConnect: false,
      enableOfflineQueue: true,
      maxRetriesPerRequest: null,
      autoResubscribe: true,
    });
    reportTo(this.#readiness, this.#client);
    this.#client.on("messageBuffer", (channel: Buffer, message: Buffer) =>
      this.#listeners.get(channel.toString())?.(message),
    );
  }

  async subscribe(channel: string, onMessage: (message: Buffer) => void): Promise<void> {
    if (this.#readiness.isRefused) throw new ConnectionClosed();
    this.#listeners.set(channel, onMessage);
    await this.#client.subscribe(channel);
  }

  async unsubscribe(channel: string): Promise<void> {
    this.#listeners.delete(channel);
    await this.#client.unsubscribe(channel);
  }

  listen(listener: ConnectionListener): () => void {
    return this.#readiness.listen(listener);
  }

  close(): void {
    this.#readiness.close();
    this.#client.disconnect();
  }
}

/** One connection reads, the other is told; when either is lost, both are made anew. */
export class IoRedisTracking implements TrackingConnection {
  readonly #reading: IoRedisConnection;
  readonly #told: IoRedisConnection;
  readonly #readiness = new Readiness();
  readonly #listeners: ((key: string | null) => void)[] = [];
  #isOpen = false;

  constructor(like: IoRedisClient) {
    this.#reading = new IoRedisConnection(like);
    this.#told = new IoRedisConnection(like);
    for (const connection of [this.#reading, this.#told])
      connection.listen({ onReady: () => void this.#begin(), onLost: (error) => this.#lost(error) });
    this.#told.client.on("messageBuffer", (_channel: Buffer, keys: Buffer[] | null) => this.#hear(keys));
  }

  get isReady(): boolean {
    return this.#readiness.isReady;
  }

  async ask(command: readonly Argument[]): Promise<Reply> {
    await this.#whenReady();
    return this.#reading.ask(command);
  }

  async askBytes(command: readonly Argument[]): Promise<Reply> {
    await this.#whenReady();
    return this.#reading.askBytes(command);
  }

  /** Of both connections, as what one answers says nothing of the other. */
  async heartbeat(): Promise<Reply> {
    await this.#whenReady();
    const [time] = await Promise.all([this.#reading.ask(["TIME"]), this.#told.ask(["PING"])]);
    return time;
  }

  onInvalidate(listener: (key: string | null) => void): void {
    this.#listeners.push(listener);
  }

  listen(listener: ConnectionListener): () => void {
    return this.#readiness.listen(listener);
  }

  close(): void {
    this.#readiness.close();
    this.#isOpen = false;
    this.#reading.close();
    this.#told.close();
  }

  async #whenReady(): Promise<void> {
    if (this.#readiness.isReady) return;
    if (!this.#isOpen && !this.#readiness.isRefused) {
      this.#isOpen = true;
      this.#reading.open();
      this.#told.open();
    }
    await this.#readiness.wait();
  }

  async #begin(): Promise<void> {
    if (!this.#reading.isReady || !this.#told.isReady) return;
    try {
      const id = await this.#told.ask(["CLIENT", "ID"]);
      await this.#told.client.subscribe(invalidations);
      await this.#reading.ask(["CLIENT", "TRACKING", "ON", "REDIRECT", String(id), "NOLOOP"]);
      this.#readiness.ready();
    } catch (error) {
      this.#lost(error as Error);
    }
  }

  #lost(error: Error): void {
    const wasReady = this.#readiness.isReady;
    if (isRefusal(error)) return this.#refuse(error);
    this.#readiness.lost(error);
    if (!wasReady) return;
    this.#reading.client.disconnect(true);
    this.#told.client.disconnect(true);
  }

  #refuse(error: Error): void {
    this.#readiness.refuse(new Unsupported(trackingRefused, { cause: error }));
    this.close();
  }

  #hear(keys: Buffer[] | null): void {
    for (const listener of this.#listeners) {
      if (!Array.isArray(keys)) listener(null);
      else for (const key of keys) listener(key.toString());
    }
  }
}

function reportTo(readiness: Readiness, client: IoRedisClient): void {
  client.on("ready", () => readiness.ready());
  client.on("error", (error: Error) => readiness.lost(error));
  client.on("close", () => readiness.lost(new Error("closed")));
}
