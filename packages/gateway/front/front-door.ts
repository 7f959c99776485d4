/**
 * Where connections come in: PROXY header, admission, TLS handshake, and who the client is. What it lets in, the gateway
 * makes a client of. A storm of new connections waits here; it costs those that are in no more than what
 * `handshakesPerSecond` allows.
 */
import type { BlockList } from "node:net";
import { encodeError } from "@larder/resp";
import type { Clock } from "@larder/service";
import type { Socket, SocketHandler } from "bun";
import type { ClientConnection } from "../client/client-connection.ts";
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";
import type { ServedCache } from "../served-cache.ts";
import { Admission } from "./admission.ts";
import { Arrival, type ArrivalHost, type Port } from "./arrival.ts";
import type { NetworkRefusal } from "./network-rules.ts";
import { onSocketError, type SocketOwner } from "./socket-owner.ts";
import { TlsContexts, type TlsFiles } from "./tls-contexts.ts";

/** What it needs from the gateway. */
export interface Clients {
  /** `remoteAddress` is "ip:port", `network` the private one by which it came. */
  open(
    socket: Socket<SocketOwner>,
    remoteAddress: string,
    by: Pick<ClientConnection, "network" | "isTls" | "reachedAt">,
  ): ClientConnection;
  /** Binds the connection to its cache. It refuses where the cache cannot take it. */
  admit(client: ClientConnection, cache: ServedCache): void;
  findByServerName(serverName: string | undefined): ServedCache | undefined;
  refuseServerName(client: ClientConnection, serverName: string | undefined): void;
  /** It is closed without a word. */
  onRefusedNetwork(cache: ServedCache, refused: { remoteAddress: string; why: NetworkRefusal }): void;
  nowMs(): number;
}

export interface FrontDoorOptions {
  clients: Clients;
  tls: TlsFiles;
  /** Who must begin with a PROXY header, and is then believed. */
  proxies: BlockList | null;
  clock: Clock;
}

const tooManyError = "ERR too many new connections; try again later";
/** How often the lines are looked at while anybody waits. */
const turnEveryMs = 1;

export class FrontDoor implements ArrivalHost {
  readonly contexts: TlsContexts;
  readonly #options: FrontDoorOptions;
  readonly #admission: Admission<Arrival>;
  /** Those that are not over, in the order in which each began its state. */
  readonly #headers = new Set<Arrival>();
  readonly #handshakes = new Set<Arrival>();
  readonly #waiting = new Set<Arrival>();
  readonly #tlsHandlers: SocketHandler<SocketOwner>;
  #turnTimer: Timer | null = null;

  constructor(options: FrontDoorOptions) {
    const { clients, tls, clock } = options;
    this.#options = options;
    this.contexts = new TlsContexts(tls);
    this.#admission = new Admission(clock.monotonicMs());
    this.#tlsHandlers = {
      handshake: (socket, isSuccessful) => this.#onHandshake(socket, isSuccessful),
      data: (socket, bytes) => socket.data.onData(bytes, clients.nowMs()),
      drain: (socket) => socket.data.onDrain(clients.nowMs()),
      close: (socket) => socket.data.onSocketClosed("client"),
      error: onSocketError,
    };
  }

  get expectsProxies(): boolean {
    return this.#options.proxies !== null;
  }

  stop(): void {
    if (this.#turnTimer !== null) clearTimeout(this.#turnTimer);
    for (const arrival of this.#all()) arrival.close();
  }

  gauges(): Record<string, number> {
    return {
      larder_gateway_connections_waiting: this.#admission.waiting,
      larder_gateway_handshakes: this.#handshakes.size,
    };
  }

  accept(socket: Socket<SocketOwner>, port: Port): void {
    const nowMs = this.#options.clock.monotonicMs();
    const arrival = new Arrival(this, socket, port, nowMs);
    socket.data = arrival;
    if (!this.#isProxy(arrival.origin.address)) return this.#comeIn(arrival, nowMs);
    arrival.state = "header";
    this.#headers.add(arrival);
  }

  /** The cache is gone, and so are those who came for it. */
  forgetCache(cache: ServedCache): void {
    for (const arrival of this.#all()) {
      if (arrival.port.cache !== cache) continue;
      this.onGone(arrival);
      arrival.close();
    }
    this.#admission.forgetCache(cache.route.cacheId);
  }

  /** The cache is reached from elsewhere now: those on its ports who may not be there any more go. */
  recheck(cache: ServedCache): void {
    for (const arrival of [...this.#waiting, ...this.#handshakes])
      if (arrival.port.cache === cache && this.#isRefused(arrival, cache)) this.onGone(arrival);
  }

  /** Ends those that have taken too long. */
  sweep(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const arrival of this.#handshakes) {
      if (nowMs - arrival.handshakeMs < limits.handshakeMs) break;
      counters.larder_gateway_handshakes_expired_total++;
      this.#drop(arrival);
    }
    for (const arrival of this.#headers) {
      if (nowMs - arrival.arrivedMs < limits.proxyHeaderMs) break;
      this.onBadHeader(arrival);
    }
  }

  // ── for arrivals ───────────────────────────────────────────────────────────────────────────────────────────────────

  onHeader(arrival: Arrival): void {
    this.#headers.delete(arrival);
    this.#comeIn(arrival, this.#options.clock.monotonicMs());
  }

  onBadHeader(arrival: Arrival): void {
    counters.larder_gateway_connections_refused_proxy_header_total++;
    this.#drop(arrival);
  }

  onGone(arrival: Arrival): void {
    if (this.#handshakes.delete(arrival)) counters.larder_gateway_handshakes_failed_total++;
    this.#headers.delete(arrival);
    if (this.#waiting.delete(arrival)) this.#admission.leave(arrival);
  }

  #drop(arrival: Arrival): void {
    this.#handshakes.delete(arrival);
    this.#headers.delete(arrival);
    arrival.close();
  }

  #all(): Arrival[] {
    return [...this.#headers, ...this.#waiting, ...this.#handshakes];
  }

  #isProxy(address: string): boolean {
    return this.#options.proxies?.check(address, address.includes(":") ? "ipv6" : "ipv4") ?? false;
  }

  // ── network ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** On a cache's own port it is known at once whether it may. */
  #comeIn(arrival: Arrival, nowMs: number): void {
    const { cache } = arrival.port;
    if (cache === null || !this.#isRefused(arrival, cache)) this.#offer(arrival, nowMs);
  }

  /** It is closed, if so. */
  #isRefused(arrival: Arrival, cache: ServedCache): boolean {
    const why = cache.network.refusalOf(arrival.origin);
    if (why === null) return false;
    this.#options.clients.onRefusedNetwork(cache, { remoteAddress: arrival.address, why });
    arrival.reset();
    return true;
  }

  // ── admission ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #offer(arrival: Arrival, nowMs: number): void {
    switch (this.#admission.offer(arrival, nowMs, this.#handshakesFree(nowMs))) {
      case "enter":
        return this.#enter(arrival, nowMs);
      case "full":
        return this.#refuse(arrival);
      case "wait":
        if (arrival.isAheadTooMuch) {
          this.#admission.leave(arrival);
          return this.#refuse(arrival);
        }
        counters.larder_gateway_connections_delayed_total++;
        this.#waiting.add(arrival);
        arrival.pause();
        this.#turnTimer ??= setTimeout(() => this.#takeTurn(), turnEveryMs);
    }
  }

  #refuse(arrival: Arrival): void {
    counters.larder_gateway_connections_refused_waiting_total++;
    arrival.refuse(encodeError(tooManyError));
  }

  #takeTurn(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const arrival of this.#admission.expired(nowMs)) {
      this.#waiting.delete(arrival);
      this.#refuse(arrival);
    }
    for (;;) {
      const arrival = this.#admission.next(nowMs, this.#handshakesFree(nowMs));
      if (arrival === undefined) break;
      this.#waiting.delete(arrival);
      this.#enter(arrival, nowMs);
    }
    this.#turnTimer = this.#admission.waiting > 0 ? setTimeout(() => this.#takeTurn(), turnEveryMs) : null;
  }

  #enter(arrival: Arrival, nowMs: number): void {
    const { cache, isTls } = arrival.port;
    if (!isTls && cache !== null)
      return this.#becomeClient(arrival, (client) => this.#options.clients.admit(client, cache));
    this.#makeWay(nowMs);
    counters.larder_gateway_handshakes_total++;
    this.#handshakes.add(arrival);
    const context = this.contexts.accepting(cache?.route.minimumTlsVersion ?? "1.2");
    arrival.beginHandshake(context, this.#tlsHandlers, nowMs);
  }

  /** Clients that connect and then say nothing must not keep out those that do. */
  #handshakesFree(nowMs: number): number {
    const free = limits.handshakesMax - this.#handshakes.size;
    const [oldest] = this.#handshakes;
    const mayYield = oldest !== undefined && nowMs - oldest.handshakeMs > limits.handshakeYieldMs;
    return free > 0 || !mayYield ? free : 1;
  }

  #makeWay(nowMs: number): void {
    const [oldest] = this.#handshakes;
    if (oldest === undefined || this.#handshakes.size < limits.handshakesMax) return;
    if (nowMs - oldest.handshakeMs <= limits.handshakeYieldMs) return;
    counters.larder_gateway_handshakes_yielded_total++;
    this.#drop(oldest);
  }

  // ── clients ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #onHandshake(socket: Socket<SocketOwner>, isSuccessful: boolean): void {
    const arrival = socket.data;
    if (!(arrival instanceof Arrival) || !this.#handshakes.delete(arrival)) return;
    if (!isSuccessful) {
      counters.larder_gateway_handshakes_failed_total++;
      return arrival.close();
    }
    if (socket.isSessionReused()) counters.larder_gateway_handshakes_resumed_total++;
    const { clients } = this.#options;
    const { cache } = arrival.port;
    if (cache !== null) return this.#becomeClient(arrival, (client) => clients.admit(client, cache));
    this.#admitByName(arrival, socket.getServername() as string | undefined);
  }

  #becomeClient(arrival: Arrival, admit: (client: ClientConnection) => void): void {
    const { clients } = this.#options;
    const { network } = arrival.origin;
    const { isTls, reachedAt } = arrival;
    const client = clients.open(arrival.socket, arrival.address, { network, isTls, reachedAt });
    const ahead = arrival.handOver(client);
    admit(client);
    if (ahead !== null) client.onData(ahead, clients.nowMs());
  }

  #admitByName(arrival: Arrival, serverName: string | undefined): void {
    const { clients, clock } = this.#options;
    const cache = clients.findByServerName(serverName);
    if (cache === undefined)
      return this.#becomeClient(arrival, (client) => clients.refuseServerName(client, serverName));
    if (this.#isRefused(arrival, cache)) return;
    const mayEnter = this.#admission.takeFor(cache.route.cacheId, clock.monotonicMs());
    this.#becomeClient(arrival, (client) => {
      if (mayEnter) return clients.admit(client, cache);
      counters.larder_gateway_connections_refused_rate_total++;
      client.fail(tooManyError);
    });
  }
}
