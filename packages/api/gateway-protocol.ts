/**
 * What controller and gateway say to each other, as JSON over HTTP on the controller's socket.
 *
 *   GET  /gateway/watch    a stream of newline-ended `RouteTable` documents, each whole, and empty lines to stay alive
 *   POST /gateway/report   one `GatewayReport`, after every applied table and at least every `reportEveryMs`
 *
 * The gateway keeps the last table on disk (mode 0600: it carries engine passwords) and serves from it while the
 * controller is away. Access keys themselves are never in it, only their SHA-256.
 */
import type { CacheId, NodeId } from "./agent-protocol.ts";

/** Somebody who may log in to a cache, and the engine user that the gateway then speaks as. */
export interface RouteUser {
  name: string;
  /** Hex SHA-256 of each accepted password. */
  passwordSha256: string[];
  engineUser: string;
  enginePassword: string;
}

/** Everything that the gateway needs to serve one cache. */
export interface Route {
  cacheId: CacheId;
  name: string;
  /** The TLS server name that selects the cache on the shared port. */
  hostName: string;
  /** Rises with every change of `node`; a gateway refuses an older one. */
  epoch: number;
  /** The cache's own ports; the plain one is null unless it is enabled. */
  tlsPort: number;
  plainPort: number | null;
  clientsMax: number;
  databases: number;
  minimumTlsVersion: "1.2" | "1.3";
  users: RouteUser[];
  /** Where the primary listens; null while there is none, which holds requests for a while and then refuses them. */
  node: { nodeId: NodeId; socketPath: string; engine: "valkey" | "redis"; version: string } | null;
}

export interface RouteTable {
  revision: number;
  routes: Route[];
}

export interface ListenerReport {
  cacheId: CacheId;
  port: number;
  /** null while it listens; else why it does not ("EADDRINUSE"). */
  error: string | null;
}

export interface GatewayReport {
  worker: string;
  pid: number;
  /** Of the newest table that is in force. */
  revision: number;
  listeners: ListenerReport[];
  clients: { cacheId: CacheId; connected: number }[];
  /** Counters and gauges by metric name, for the controller's /metrics. */
  metrics: Record<string, number>;
}

export const gatewayLimits = { reportEveryMs: 2_000, keepAliveMs: 5_000 } as const;
