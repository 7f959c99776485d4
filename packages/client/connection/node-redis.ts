/**
 * Connections of the stock `redis` package. Its time limit for each command is off: the timer costs more than half of the
 * throughput (measured; connection.ts says what bounds time instead).
 */
import { createClient, RESP_TYPES } from "redis";
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

/** What of a client of the package is used. Its types differ with the modules that a client was made with. */
export interface NodeRedisClient {
  readonly options?: unknown;
  duplicate(overrides?: object): unknown;
}

/** A client with the options of this package over those of another. */
export type MakeClient = (options: object) => Client;

type Client = ReturnType<typeof createClient>;

const asBytes = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };

export function clientsFor(url: string, options: object): MakeClient {
  return (ours) => createClient({ url, ...merge(options, ours) }) as unknown as Client;
}

/** The address and the credentials of the given client. */
export function clientsLike(client: NodeRedisClient): MakeClient {
  return (ours) => client.duplicate(merge((client.options ?? {}) as object, ours)) as Client;
}

function merge(given: { socket?: object }, ours: object): object {
  return {
    ...given,
    disableOfflineQueue: true,
    pingInterval: connectionLimits.pingEveryMs,
    maintNotifications: "disabled",
    commandOptions: { timeout: undefined },
    clientSideCache: undefined,
    RESP: 2,
    socket: {
      ...given.socket,
      socketTimeout: connectionLimits.silenceMsMax,
      reconnectStrategy: (retries: number) => Math.min(2 ** retries * 10, connectionLimits.reconnectMsMax),
    },
    ...ours,
  };
}

export class NodeRedisConnection implements Connection {
  readonly #client: Client;
  readonly #readiness = new Readiness();
  #isOpen = false;

  constructor(makeClient: MakeClient) {
    this.#client = makeClient({});
    reportTo(this.#readiness, this.#client);
  }

  get isReady(): boolean {
    return this.#readiness.isReady;
  }

  ask(command: readonly Argument[]): Promise<Reply> {
    if (this.#readiness.isReady) return this.#client.sendCommand(command) as Promise<Reply>;
    return this.#whenReady(() => this.#client.sendCommand(command));
  }

  askBytes(command: readonly Argument[]): Promise<Reply> {
    if (this.#readiness.isReady) return this.#client.sendCommand(command, asBytes) as Promise<Reply>;
    return this.#whenReady(() => this.#client.sendCommand(command, asBytes));
  }

  listen(listener: ConnectionListener): () => void {
    return this.#readiness.listen(listener);
  }

  close(): void {
    this.#readiness.close();
    if (this.#isOpen) this.#client.destroy();
    this.#isOpen = false;
  }

  async #whenReady(send: () => Promise<unknown>): Promise<Reply> {
    if (!this.#isOpen && !this.#readiness.isRefused) {
      this.#isOpen = true;
      open(this.#client);
    }
    await this.#readiness.wait();
    return (await send()) as Reply;
  }
}

export class NodeRedisTracking implements TrackingConnection {
  readonly #client: Client;
  readonly #readiness = new Readiness();
  #isOpen = false;

  constructor(makeClient: MakeClient) {
    this.#client = makeClient({ RESP: 3, emitInvalidate: true });
    this.#client.on("ready", () => void this.#begin());
    this.#client.on("error", (error: Error) => this.#lost(error));
    this.#client.on("end", () => this.#readiness.lost(new Error("closed")));
    endIfClosed(this.#readiness, this.#client);
  }

  get isReady(): boolean {
    return this.#readiness.isReady;
  }

  ask(command: readonly Argument[]): Promise<Reply> {
    return this.#send(command, replyOf);
  }

  askBytes(command: readonly Argument[]): Promise<Reply> {
    return this.#send(command, asRespTwoBytes);
  }

  heartbeat(): Promise<Reply> {
    return this.#send(["TIME"], replyOf);
  }

  onInvalidate(listener: (key: string | null) => void): void {
    this.#client.on("invalidate", (key: Buffer | string | null) => listener(key === null ? null : key.toString()));
  }

  listen(listener: ConnectionListener): () => void {
    return this.#readiness.listen(listener);
  }

  close(): void {
    this.#readiness.close();
    if (this.#isOpen) this.#client.destroy();
    this.#isOpen = false;
  }

  #send(command: readonly Argument[], options: object): Promise<Reply> {
    if (this.#readiness.isReady) return this.#client.sendCommand(command, options) as Promise<Reply>;
    return this.#whenReady(() => this.#client.sendCommand(command, options));
  }

  async #whenReady(send: () => Promise<unknown>): Promise<Reply> {
    if (!this.#isOpen && !this.#readiness.isRefused) {
      this.#isOpen = true;
      open(this.#client);
    }
    await this.#readiness.wait();
    return (await send()) as Reply;
  }

  /** The client has turned tracking on already; not that its own writes are nobody's news. */
  async #begin(): Promise<void> {
    try {
      await this.#client.sendCommand(["CLIENT", "TRACKING", "ON", "NOLOOP"]);
      this.#readiness.ready();
    } catch (error) {
      this.#lost(error as Error);
    }
  }

  #lost(error: Error): void {
    if (!isRefusal(error)) return this.#readiness.lost(error);
    this.#readiness.refuse(new Unsupported(trackingRefused, { cause: error }));
    this.close();
  }
}

export class NodeRedisSubscriber implements SubscriberConnection {
  readonly #client: Client;
  readonly #readiness = new Readiness();
  #opening: Promise<unknown> | null = null;

  constructor(makeClient: MakeClient) {
    this.#client = makeClient({ disableOfflineQueue: false });
    reportTo(this.#readiness, this.#client);
  }

  async subscribe(channel: string, onMessage: (message: Buffer) => void): Promise<void> {
    if (this.#readiness.isRefused) throw new ConnectionClosed();
    this.#opening ??= this.#client.connect().catch(() => {});
    await this.#client.subscribe(channel, onMessage as (message: unknown) => void, true as never);
  }

  async unsubscribe(channel: string): Promise<void> {
    await this.#client.unsubscribe(channel);
  }

  listen(listener: ConnectionListener): () => void {
    return this.#readiness.listen(listener);
  }

  close(): void {
    this.#readiness.close();
    if (this.#opening !== null) this.#client.destroy();
    this.#opening = null;
  }
}

/** RESP3's shapes as RESP2's. */
const respTwoShapes = { [RESP_TYPES.MAP]: Array, [RESP_TYPES.DOUBLE]: String, [RESP_TYPES.SET]: Array };
const replyOf = { typeMapping: respTwoShapes };
const asRespTwoBytes = { typeMapping: { ...respTwoShapes, [RESP_TYPES.BLOB_STRING]: Buffer } };

function reportTo(readiness: Readiness, client: Client): void {
  client.on("ready", () => readiness.ready());
  client.on("error", (error: Error) => readiness.lost(error));
  client.on("end", () => readiness.lost(new Error("closed")));
  endIfClosed(readiness, client);
}

/** A client that is ended while its socket is being made forgets it: it would stay open until its time-out. */
function endIfClosed(readiness: Readiness, client: Client): void {
  client.on("connect", () => {
    if (readiness.isRefused) client.destroy();
  });
}

/** What goes wrong comes as an event, too, and is tried again by the client. */
function open(client: Client): void {
  client.connect().catch(() => {});
}
