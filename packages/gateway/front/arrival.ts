/**
 * A connection before it is a client's: from when the system has accepted it until the gateway knows whose it is and has
 * let it in. It reads nothing while it waits.
 *
 *   state      waits for                     then
 *   header     the PROXY header              waiting
 *   waiting    its turn (admission.ts)       handshake on a TLS port, else over
 *   handshake  the end of the TLS handshake  over
 *   over       nothing: it is a ClientConnection, or closed
 *
 * Deadlines are the front door's. On a TLS port two sockets lead here, the accepted one and the encrypted one over it.
 */
import type { Socket, SocketHandler } from "bun";
import { limits } from "../limits.ts";
import type { ServedCache } from "../served-cache.ts";
import { addressText, plainAddress } from "./address-text.ts";
import type { Newcomer } from "./admission.ts";
import type { Origin } from "./network-rules.ts";
import { type ConnectionEnds, parseProxyHeader, type SocketAddress } from "./proxy-header.ts";
import type { SocketOwner } from "./socket-owner.ts";
import type { TlsContext } from "./tls-contexts.ts";
import { upgradeToTls } from "./tls-upgrade.ts";

/** A port: whose it is, null on the shared one, how it is spoken to, and on which private network it is; null: on none. */
export interface Port {
  readonly cache: ServedCache | null;
  readonly isTls: boolean;
  readonly network: string | null;
}

/** What an arrival tells the front door. */
export interface ArrivalHost {
  onHeader(arrival: Arrival): void;
  onBadHeader(arrival: Arrival): void;
  /** It ended by itself. */
  onGone(arrival: Arrival): void;
}

/** A fatal TLS alert, "internal error": the clearest refusal that there is before a handshake. */
const tlsAlert = Buffer.from([21, 3, 3, 0, 2, 2, 80]);

/** Owns the plain socket under an encrypted one, and wants to know nothing. */
const underneath: SocketOwner = { onData() {}, onDrain() {}, onSocketClosed() {} };

/** An IPv4 client of a port that is open for IPv6, too, is shown as what it is. */
function clientAddress(socket: Socket<SocketOwner>): string {
  // A client that is gone already has none.
  return plainAddress((socket.remoteAddress as string | undefined) ?? "0.0.0.0");
}

export class Arrival implements Newcomer, SocketOwner {
  readonly port: Port;
  readonly arrivedMs: number;
  state: "header" | "waiting" | "handshake" | "over" = "waiting";
  /** When its handshake began. */
  handshakeMs = 0;
  socket: Socket<SocketOwner>;
  /** The client's, as "ip:port", and where it comes from. */
  address: string;
  origin: Origin;
  /** Where a load balancer says that the client connected to; null: to this very socket. */
  reachedAt: SocketAddress | null = null;
  readonly #host: ArrivalHost;
  /** Bytes that came before they could be used. */
  #ahead: Buffer | null = null;
  #isPaused = false;

  constructor(host: ArrivalHost, socket: Socket<SocketOwner>, port: Port, nowMs: number) {
    this.#host = host;
    this.socket = socket;
    this.port = port;
    this.arrivedMs = nowMs;
    this.origin = { address: clientAddress(socket), network: port.network };
    this.address = addressText(this.origin.address, socket.remotePort);
  }

  get line(): string {
    return this.port.cache?.route.cacheId ?? "";
  }

  get isTls(): boolean {
    return this.port.isTls;
  }

  /** Only the header is ever awaited with the socket being read. */
  onData(bytes: Buffer): void {
    if (this.state !== "header") return this.#keepAhead(bytes);
    const input = this.#ahead === null ? bytes : Buffer.concat([this.#ahead, bytes]);
    const header = parseProxyHeader(input);
    if (header.kind === "invalid") return this.#host.onBadHeader(this);
    if (header.kind === "partial") {
      this.#ahead = Buffer.from(input);
      return;
    }
    if (header.ends !== null) this.#comeFrom(header.ends);
    this.#ahead = null;
    if (header.bytes < input.length) this.#keepAhead(input.subarray(header.bytes));
    this.state = "waiting";
    this.#host.onHeader(this);
  }

  onDrain(): void {}

  onSocketClosed(): void {
    if (this.state === "over") return;
    this.state = "over";
    this.#host.onGone(this);
  }

  /** Reads no further until it is let in. */
  pause(): void {
    this.#isPaused = true;
    this.socket.pause();
  }

  /** More was sent ahead than may wait. */
  get isAheadTooMuch(): boolean {
    return (this.#ahead?.length ?? 0) > limits.proxyAheadBytesMax;
  }

  beginHandshake(context: TlsContext, handlers: SocketHandler<SocketOwner>, nowMs: number): void {
    this.state = "handshake";
    this.handshakeMs = nowMs;
    const initialData = this.#takeAhead();
    const rawData = underneath;
    this.socket = upgradeToTls<SocketOwner>(this.socket, { context, data: this, rawData, handlers, initialData });
    this.#resume();
  }

  /** The socket is now `owner`'s. Returns what was read ahead, which is its, too. */
  handOver(owner: SocketOwner): Buffer | null {
    this.state = "over";
    this.socket.data = owner;
    this.#resume();
    return this.#takeAhead();
  }

  /** Says why, as far as the client can be told, and closes. */
  refuse(error: string): void {
    if (this.state === "over") return;
    this.state = "over";
    this.socket.write(this.port.isTls ? tlsAlert : error);
    this.socket.end();
  }

  close(): void {
    if (this.state === "over") return;
    this.state = "over";
    this.socket.end();
  }

  /** As if nobody were there. */
  reset(): void {
    if (this.state === "over") return;
    this.state = "over";
    this.socket.terminate();
  }

  #comeFrom({ source, destination }: ConnectionEnds): void {
    this.origin = { address: source.address, network: this.port.network };
    this.address = addressText(source.address, source.port);
    this.reachedAt = destination;
  }

  #keepAhead(bytes: Buffer): void {
    this.#ahead = this.#ahead === null ? Buffer.from(bytes) : Buffer.concat([this.#ahead, bytes]);
  }

  #takeAhead(): Buffer | null {
    const ahead = this.#ahead;
    this.#ahead = null;
    return ahead;
  }

  #resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.socket.resume();
  }
}
