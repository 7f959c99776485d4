/**
 * One Redis-compatible server, with the connections that this package has to it. Caches, session stores and queues of a process that
 * are given the same server, or the same client, share them:
 *
 *   main        commands of everybody
 *   tracking    reads of which the server says when they change; one for all caches
 *   subscriber  channels of everybody
 *   dedicated   one for each that asks: commands that block
 *
 * Nothing is connected before it is used.
 */
import { type Connection, ConnectionClosed, type SubscriberConnection, type TrackingConnection } from "./connection.ts";
import { type IoRedisClient, IoRedisConnection, IoRedisSubscriber, IoRedisTracking } from "./io-redis.ts";
import {
  clientsFor,
  clientsLike,
  type NodeRedisClient,
  NodeRedisConnection,
  NodeRedisSubscriber,
  NodeRedisTracking,
} from "./node-redis.ts";

/** A server, a client of `redis` or an instance of `ioredis`; of clients, the address and the credentials are used. */
export type ServerLike = Server | NodeRedisClient | IoRedisClient;

interface Makers {
  connection(): Connection;
  tracking(): TrackingConnection;
  subscriber(): SubscriberConnection;
}

export class Server {
  readonly #make: Makers;
  readonly #dedicated = new Set<Connection>();
  #isClosed = false;
  #main: Connection | undefined;
  #tracking: TrackingConnection | undefined;
  #subscriber: SubscriberConnection | undefined;

  constructor(make: Makers) {
    this.#make = make;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get main(): Connection {
    this.#main ??= this.#made(this.#make.connection());
    return this.#main;
  }

  get tracking(): TrackingConnection {
    this.#tracking ??= this.#made(this.#make.tracking());
    return this.#tracking;
  }

  get subscriber(): SubscriberConnection {
    this.#subscriber ??= this.#made(this.#make.subscriber());
    return this.#subscriber;
  }

  /** The caller closes it, or `close()` does. */
  dedicated(): Connection {
    const connection = this.#made(this.#make.connection());
    this.#dedicated.add(connection);
    connection.listen({
      onLost: (error) => {
        if (error instanceof ConnectionClosed) this.#dedicated.delete(connection);
      },
    });
    return connection;
  }

  /** Closes all connections for good; what is on its way rejects. */
  close(): void {
    this.#isClosed = true;
    for (const connection of [this.#main, this.#tracking, this.#subscriber, ...this.#dedicated]) connection?.close();
  }

  #made<C extends { close(): void }>(connection: C): C {
    if (this.#isClosed) connection.close();
    return connection;
  }
}

/**
 * The server at `redis[s]://[user:password@]host[:port][/database]`. `options` are those of `createClient` of the package
 * `redis`, for example `socket: { ca }` for a certificate authority of one's own.
 */
export function connect(url: string, options: object = {}): Server {
  return nodeRedisServer(clientsFor(url, options));
}

const servers = new WeakMap<object, Server>();

/** The same server for the same client, until it is closed. */
export function serverOf(given: ServerLike): Server {
  if (given instanceof Server) return given;
  let server = servers.get(given);
  if (server === undefined || server.isClosed) {
    server = isIoRedis(given) ? ioRedisServer(given) : nodeRedisServer(clientsLike(given));
    servers.set(given, server);
  }
  return server;
}

function nodeRedisServer(makeClient: ReturnType<typeof clientsLike>): Server {
  return new Server({
    connection: () => new NodeRedisConnection(makeClient),
    tracking: () => new NodeRedisTracking(makeClient),
    subscriber: () => new NodeRedisSubscriber(makeClient),
  });
}

function ioRedisServer(client: IoRedisClient): Server {
  return new Server({
    connection: () => new IoRedisConnection(client),
    tracking: () => new IoRedisTracking(client),
    subscriber: () => new IoRedisSubscriber(client),
  });
}

function isIoRedis(client: NodeRedisClient | IoRedisClient): client is IoRedisClient {
  return "callBuffer" in client;
}
