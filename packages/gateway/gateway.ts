/**
 * The data path of this process: takes route tables, opens and closes ports to match, and holds every client connection.
 * What it knows of a cache comes from the table alone, so it goes on while the controller is away.
 */
import type { ListenerReport, Route, RouteTable } from "@larder/api";
import type { Clock, Log, Randomness } from "@larder/service";
import type { Socket, TCPSocketListener } from "bun";
import { ClientConnection, type ClientHost } from "./client-connection.ts";
import { processRequests } from "./dispatch.ts";
import { limits } from "./limits.ts";
import { type Clients, listen, type TlsFiles } from "./listeners.ts";
import { counters } from "./metrics.ts";
import { OutputTotal } from "./output-total.ts";
import { ServedCache } from "./served-cache.ts";

export interface GatewayOptions {
  host: string;
  tlsPort: number;
  tls: TlsFiles;
  clock: Clock;
  randomness: Randomness;
  log: Log;
}

interface CachePort {
  port: number;
  isTls: boolean;
  listener: TCPSocketListener<ClientConnection> | null;
  error: string | null;
}

/** How often clients are looked over for idleness and stalls; also how exact their times are. */
const sweepEveryMs = 1_000;

export class Gateway implements ClientHost, Clients {
  /** Of the table in force. */
  revision = 0;
  readonly outputTotal = new OutputTotal(() => this.#closeLargest());

  readonly #options: GatewayOptions;
  readonly #caches = new Map<string, ServedCache>();
  readonly #byServerName = new Map<string, ServedCache>();
  readonly #ports = new Map<string, CachePort[]>();
  readonly #clients = new Set<ClientConnection>();
  #sharedListener: TCPSocketListener<ClientConnection> | null = null;
  #sweepTimer: Timer | null = null;
  #nextClientId = 1;
  #nowMs: number;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#nowMs = options.clock.monotonicMs();
  }

  /** Opens the shared port. Throws what the system throws (EADDRINUSE). */
  start(): void {
    const { host, tlsPort, tls } = this.#options;
    this.#sharedListener = listen(this, { hostname: host, port: tlsPort }, { tls, cache: null });
    this.#sweepTimer = setInterval(() => this.#sweep(), sweepEveryMs);
  }

  stop(): void {
    if (this.#sweepTimer !== null) clearInterval(this.#sweepTimer);
    this.#sharedListener?.stop(true);
    for (const ports of this.#ports.values()) for (const each of ports) each.listener?.stop(true);
    for (const cache of this.#caches.values()) cache.stop();
    for (const client of [...this.#clients]) client.close();
  }

  /** Brings ports and caches into line with the table. Ports that failed to open are tried again. */
  apply(table: RouteTable): void {
    if (table.revision < this.revision) return;
    this.revision = table.revision;
    const wanted = new Set<string>(table.routes.map((route) => route.cacheId));
    for (const cacheId of [...this.#caches.keys()]) if (!wanted.has(cacheId)) this.#remove(cacheId);
    for (const route of table.routes) this.#serve(route);
    this.#byServerName.clear();
    for (const cache of this.#caches.values()) this.#byServerName.set(cache.route.hostName.toLowerCase(), cache);
  }

  listenerReports(): ListenerReport[] {
    const reports: ListenerReport[] = [];
    for (const [cacheId, ports] of this.#ports) {
      for (const { port, error } of ports) reports.push({ cacheId: cacheId as ListenerReport["cacheId"], port, error });
    }
    return reports;
  }

  clientReports(): { cacheId: Route["cacheId"]; connected: number }[] {
    return [...this.#caches.values()].map((cache) => ({ cacheId: cache.route.cacheId, connected: cache.clients.size }));
  }

  metrics(): Record<string, number> {
    return {
      ...counters,
      larder_gateway_connections: this.#clients.size,
      larder_gateway_output_bytes: this.outputTotal.bytes,
    };
  }

  // ── for clients ────────────────────────────────────────────────────────────────────────────────────────────────────

  nowMs(): number {
    return this.#nowMs;
  }

  open(socket: Socket<ClientConnection>): ClientConnection {
    counters.larder_gateway_connections_total++;
    const client = new ClientConnection(this, socket, { id: this.#nextClientId++, nowMs: this.#nowMs });
    this.#clients.add(client);
    return client;
  }

  admit(client: ClientConnection, cache: ServedCache): void {
    const { clientsMax, minimumTlsVersion } = cache.route;
    if (cache.clients.size >= clientsMax) {
      counters.larder_gateway_connections_refused_clients_max_total++;
      return client.fail("ERR max number of clients reached");
    }
    if (minimumTlsVersion === "1.3" && client.socket.getTLSVersion() === "TLSv1.2") {
      return client.fail("ERR this cache requires TLS 1.3");
    }
    client.cache = cache;
    cache.clients.set(client.id, client);
  }

  findByServerName(serverName: string | undefined): ServedCache | undefined {
    return serverName === undefined ? undefined : this.#byServerName.get(serverName.toLowerCase());
  }

  refuseServerName(client: ClientConnection, serverName: string | undefined): void {
    counters.larder_gateway_connections_refused_server_name_total++;
    const given = serverName
      ? `no cache answers to the TLS server name '${serverName}'`
      : "the TLS server name is missing";
    client.fail(`ERR ${given}; on this port it selects the cache`);
  }

  onHandshakeFailed(client: ClientConnection): void {
    counters.larder_gateway_handshakes_failed_total++;
    client.close();
  }

  process(client: ClientConnection, bytes: Buffer): void {
    processRequests(client, bytes);
  }

  onClosed(client: ClientConnection): void {
    this.#clients.delete(client);
    client.cache?.clients.delete(client.id);
  }

  // ── routes ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #serve(route: Route): void {
    let cache = this.#caches.get(route.cacheId);
    if (cache === undefined) {
      cache = new ServedCache(route, this.#options.randomness);
      this.#caches.set(route.cacheId, cache);
      cache.warm();
    } else {
      cache.update(route);
    }
    this.#matchPorts(cache);
  }

  #matchPorts(cache: ServedCache): void {
    const { cacheId, tlsPort, plainPort } = cache.route;
    const wanted = [{ port: tlsPort, isTls: true }, ...(plainPort === null ? [] : [{ port: plainPort, isTls: false }])];
    const existing = this.#ports.get(cacheId) ?? [];
    for (const each of existing) {
      const isWanted = wanted.some((want) => want.port === each.port && want.isTls === each.isTls);
      if (!isWanted) each.listener?.stop(!each.isTls);
    }
    this.#ports.set(
      cacheId,
      wanted.map((want) => {
        const same = existing.find(
          (each) => each.port === want.port && each.isTls === want.isTls && each.error === null,
        );
        return same ?? this.#openPort(cache, want);
      }),
    );
  }

  #openPort(cache: ServedCache, wanted: { port: number; isTls: boolean }): CachePort {
    const { host, tls, log } = this.#options;
    try {
      const listener = listen(this, { hostname: host, port: wanted.port }, { tls: wanted.isTls ? tls : null, cache });
      return { ...wanted, listener, error: null };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "UNKNOWN";
      log.error({ cacheId: cache.route.cacheId, port: wanted.port, code }, "cache port cannot be opened");
      return { ...wanted, listener: null, error: code };
    }
  }

  #remove(cacheId: string): void {
    for (const each of this.#ports.get(cacheId) ?? []) each.listener?.stop(true);
    this.#ports.delete(cacheId);
    this.#caches.get(cacheId)?.stop();
    this.#caches.delete(cacheId);
  }

  // ── bounds ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #sweep(): void {
    this.#nowMs = this.#options.clock.monotonicMs();
    for (const client of [...this.#clients]) {
      client.checkStall(this.#nowMs);
      const idleMs = this.#nowMs - client.lastActiveMs;
      if (client.user === null && this.#nowMs - client.connectedMs > limits.clientAuthenticateMs) {
        counters.larder_gateway_connections_closed_unauthenticated_total++;
        client.close();
      } else if (idleMs > limits.clientIdleMs && client.inFlight === 0) {
        counters.larder_gateway_connections_closed_idle_total++;
        client.close();
      }
    }
  }

  #closeLargest(): void {
    let largest: ClientConnection | undefined;
    for (const client of this.#clients) if (client.outputBytes > (largest?.outputBytes ?? 0)) largest = client;
    counters.larder_gateway_connections_closed_output_total++;
    largest?.close();
  }
}
