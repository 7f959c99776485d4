/**
 * What controller and gateway say to each other, as JSON over HTTP on the controller's socket.
 *
 *   GET  /gateway/watch?worker=…   a stream of lines: a whole `RouteTable` first, then `RouteChanges` (route-changes.ts) from each table
 *                                  to the next, and empty lines to stay alive. A whole table may come at any time. `worker` as in
 *                                  the reports: when its stream ends, the worker is gone
 *   POST /gateway/report           one `GatewayReport`, after every applied table and at least every `reportEveryMs`
 *   POST /gateway/token-key        a `TokenKeyQuestion`: a client has come with a key that no table had. Answered with a
 *                                  `TokenKeyAnswer` once it has been asked for at the issuer, which is not done often
 *
 * The gateway keeps the last table on disk (mode 0600: it carries engine passwords) and serves from it while the
 * controller is away. Access keys themselves are never in it, only their SHA-256.
 */
import type { Address, CacheId, NodeId } from "./agent-protocol.ts";

/** A user of the cache's engines. */
export interface EngineLogin {
  engineUser: string;
  enginePassword: string;
}

/** On which a gateway publishes before WAIT, so that there is a write on the connection to wait for: every user of an engine may. */
export const waitChannel = "larder:wait";

/** Somebody who may log in to a cache, and the engine user that the gateway then speaks as. */
export interface RouteUser extends EngineLogin {
  name: string;
  /** False for a user who may log in with any password; whoever connects is then logged in as `default` at once. */
  needsPassword: boolean;
  /** Hex SHA-256 of each accepted password. */
  passwordSha256: string[];
  /**
   * Who logs in with a token instead, as the password: the `oid` that the token has to be of. null: nobody. Such a client's connection
   * ends with its token.
   */
  objectId: string | null;
}

/** Addresses from `first` to `last`, both IPv4 or both IPv6. */
export interface AddressRange {
  first: string;
  last: string;
}

/** From where a cache may be reached. Who is inside already, and is not to be any more, is closed at once. */
export interface RouteNetwork {
  /** False: by its private endpoints alone. */
  hasPublicAccess: boolean;
  /** Who may connect from other networks than private ones, sorted and without overlaps; null: everybody. */
  allowed: AddressRange[] | null;
  /** Names of the private networks (the gateway's own configuration says where each is) on which the cache is served, too; without case. */
  privateNetworks: string[];
}

/** Everything that the gateway needs to serve one cache. */
export interface Route {
  cacheId: CacheId;
  name: string;
  /** The TLS server name that selects the cache on the shared port. */
  hostName: string;
  /** Rises with every change of `node`; a gateway refuses an older one of the same life of the controller. */
  epoch: number;
  /** The cache's own ports; the plain one is null unless it is enabled. */
  tlsPort: number;
  plainPort: number | null;
  clientsMax: number;
  databases: number;
  minimumTlsVersion: "1.2" | "1.3";
  users: RouteUser[];
  /** As whom the gateway asks the engine for what it needs itself, whoever may log in. */
  ownLogin: EngineLogin;
  /** When it changes, every connection is closed: access by keys was turned on or off. */
  cutEpoch: number;
  network: RouteNetwork;
  /** False: the TLS port is not open, and the cache is not served on the shared one either. */
  hasTls: boolean;
  /** Clients are told of a cluster with one node, which is at whatever address they came to. */
  isCluster: boolean;
  /** What the service does not offer (refused-commands.ts). */
  refusedCommands: readonly string[];
  /** Where the primary listens; null while there is none, which holds requests for a while and then refuses them. */
  node: RouteNode | null;
  /** Replicas with a whole copy that may be read from while there is no primary; empty where the cache does not want that. */
  readNodes: RouteNode[];
  /** A write is answered only once so many replicas have it; null: as soon as the primary has. */
  durableWrites: { replicas: number; timeoutMs: number } | null;
  /** The planned change of `node` that is under way; null when there is none. */
  move: RouteMove | null;
}

/** On the gateway's own machine the node is reached by its socket, else by its address, with TLS and the gateway's certificate. */
export interface RouteNode {
  nodeId: NodeId;
  socketPath: string;
  /** null: it is on the socket alone. */
  address: Address | null;
  engine: "valkey" | "redis";
  version: string;
}

/**
 * One step of a planned change of a cache's node, without an error for its clients. The controller writes one after the
 * other into the route, and goes on when every connected gateway reports the step's end (`MoveReport`):
 *
 *   prepare   connect to the target, subscribe there, load there the scripts that clients loaded     → prepared
 *   hold      send nothing more to the present node, wait until nothing is in flight there           → drained
 *   then a route whose `node` is the target, with a higher epoch and without a move: clients go on there. A route without
 *   a move and with the old node calls it off at any time, and so does a gateway by itself `holdMs` after it began to hold
 *   → expired. After that the controller must not switch with this move.
 */
export interface RouteMove {
  moveId: string;
  target: RouteNode;
  phase: "prepare" | "hold";
  holdMs: number;
}

export interface MoveReport {
  cacheId: CacheId;
  moveId: string;
  state: "preparing" | "prepared" | "draining" | "drained" | "expired";
  /** Commands that the present node has not answered. */
  inFlight: number;
}

/** Who makes tokens that are taken from clients of caches, and the public keys by which they are known. */
export interface TokenIssuer {
  /** As the tokens' `iss` has it. */
  issuer: string;
  /** One of these has to be in `aud`. */
  audiences: string[];
  /** A JWK set's `keys`. */
  keys: Record<string, unknown>[];
}

/**
 * Which life of the controller a document is of: each start has a higher one. Within one life revisions and epochs only rise; over two
 * they may fall, as the store may have been put back from a copy. So what the living controller says always counts. undefined: of an older
 * Larder's.
 */
export type ControllerLife = number | undefined;

export interface RouteTable {
  life?: ControllerLife;
  revision: number;
  tokenIssuers: TokenIssuer[];
  routes: Route[];
}

export interface TokenKeyQuestion {
  issuer: string;
  /** The token's `kid`. */
  keyId: string;
}

export interface TokenKeyAnswer {
  /** Of the table that has the key, where it was found. */
  revision: number;
}

export interface ListenerReport {
  cacheId: CacheId;
  port: number;
  /** null while it listens; else why it does not ("EADDRINUSE"). */
  error: string | null;
}

/** A private network as a gateway has it. */
export interface PrivateNetworkReport {
  name: string;
  address: string;
  /** null while the TLS port of all caches is open there; else why it is not, in words. */
  error: string | null;
  /** Caches' own ports that are to be open there and are not. */
  failedPorts: { cacheId: CacheId; port: number; error: string }[];
}

/** What one gateway process says of itself. */
export interface GatewayReport {
  /** Names this life of the process: a restarted one has another. */
  worker: string;
  /** Its place among those that share the ports, from 1, and how many they are to be. */
  index: number;
  workers: number;
  pid: number;
  /** Of the newest table that is in force. */
  life?: ControllerLife;
  revision: number;
  /** At the gateway's own address. */
  listeners: ListenerReport[];
  privateNetworks: PrivateNetworkReport[];
  clients: { cacheId: CacheId; connected: number }[];
  moves: MoveReport[];
  /** Which secrets key has sealed the routes that it keeps; null: not known yet. Left out by an older gateway. */
  secretsKeyId?: string | null;
  /** Counters and gauges by metric name, for the controller's /metrics. */
  metrics: Record<string, number>;
}

/** `workersMax`: gateway processes of one machine. */
export const gatewayLimits = { reportEveryMs: 2_000, keepAliveMs: 5_000, workersMax: 64 } as const;
