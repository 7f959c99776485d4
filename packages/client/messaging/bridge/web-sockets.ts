/**
 * A channel over WebSockets, for sockets of the package `ws`, web-standard ones (Deno, and wherever `addEventListener` is), and those of
 * Bun's server. socket-frames.ts says what is spoken. Each client takes as its socket takes; while the cache server is away
 * clients stay, and get what they missed when it is back.
 */
import type { IncomingMessage } from "node:http";
import { isEventId } from "../channel/event-id.ts";
import {
  type Awaitable,
  admit,
  type BridgeOptions,
  type BridgeRequest,
  type BridgeSettings,
  bridgeSettings,
  type ChannelChoice,
} from "./bridge-options.ts";
import { BridgeClients } from "./clients.ts";
import { requestOf } from "./node-request.ts";
import { closeCodes, SocketClient, type SocketEnd } from "./socket-client.ts";
import { SocketTexts } from "./socket-frames.ts";

export interface WebSocketOptions extends BridgeOptions {
  /** What a browser sends, as JSON, once it is admitted. When it throws, the socket is closed with 1011. Ignored unless given. */
  onMessage?: (message: unknown, request: BridgeRequest) => Awaitable<void>;
}

/** What of a socket of `ws`, or of a web-standard one, is used. */
export interface EventSocket {
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  // biome-ignore lint/suspicious/noExplicitAny: events of libraries that are not imported
  addEventListener(type: any, listener: (event: any) => void): void;
  ping?(): void;
  terminate?(): void;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  on?(event: any, listener: (...args: any[]) => void): unknown;
}

/** What of a socket of Bun's server is used. `data` is what `upgrade` was given: `{ request }`. */
export interface BunSocket {
  readonly data: { request: Request };
  send(text: string): number;
  close(code?: number, reason?: string): void;
  terminate(): void;
  ping(): number;
  getBufferedAmount(): number;
}

const connecting = 0;

export function webSockets(channel: ChannelChoice, options: WebSocketOptions = {}): WebSocketBridge {
  return new WebSocketBridge(channel, options);
}

export class WebSocketBridge {
  readonly #choice: ChannelChoice;
  readonly #options: WebSocketOptions;
  readonly #settings: BridgeSettings;
  readonly #clients: BridgeClients;
  readonly #texts = new SocketTexts();
  readonly #ofBun = new WeakMap<BunSocket, SocketClient>();

  constructor(choice: ChannelChoice, options: WebSocketOptions) {
    this.#choice = choice;
    this.#options = options;
    this.#settings = bridgeSettings(options);
    this.#clients = new BridgeClients(this.#settings.clientsMax, this.#settings.heartbeatMs);
  }

  get clientCount(): number {
    return this.#clients.count;
  }

  /** `socketServer.on("connection", bridge.accept)` with `ws`; `bridge.accept(socket, request)` after Deno's `upgradeWebSocket`. */
  readonly accept = (socket: EventSocket, request: IncomingMessage | Request): void => {
    const client = this.#client(endOf(socket), "socket" in request ? requestOf(request) : webRequestOf(request));
    socket.addEventListener("message", ({ data }: { data: unknown }) => client?.receive(String(data)));
    socket.addEventListener("close", () => client?.closed());
    socket.addEventListener("error", () => client?.closed());
    socket.on?.("pong", () => client?.isAlive());
  };

  /** `Bun.serve({ websocket: bridge.bun, … })`, with `server.upgrade(request, { data: { request } })`. */
  readonly bun = {
    open: (socket: BunSocket): void => {
      const client = this.#client(bunEndOf(socket), webRequestOf(socket.data.request));
      if (client !== undefined) this.#ofBun.set(socket, client);
    },
    message: (socket: BunSocket, data: string | Buffer): void => this.#ofBun.get(socket)?.receive(data.toString()),
    close: (socket: BunSocket): void => this.#ofBun.get(socket)?.closed(),
    pong: (socket: BunSocket): void => this.#ofBun.get(socket)?.isAlive(),
  };

  /** Closes all sockets with 1001; browsers connect again, to another process when this one is stopping. */
  close(): void {
    this.#clients.closeAll();
  }

  /** undefined: there are too many. */
  #client(socket: SocketEnd, request: BridgeRequest): SocketClient | undefined {
    if (this.#clients.isFull) {
      socket.close(closeCodes.full, "Too many clients are connected here.");
      return undefined;
    }
    const { onMessage } = this.#options;
    const client = new SocketClient({
      socket,
      texts: this.#texts,
      clients: this.#clients,
      settings: this.#settings,
      onMessage: onMessage && (async (message) => onMessage(message, request)),
    });
    const given = request.url.searchParams.get("lastEventId");
    if (given !== null) client.startAfter(isEventId(given) ? given : null);
    void this.#admit(client, request);
    return client;
  }

  async #admit(client: SocketClient, request: BridgeRequest): Promise<void> {
    try {
      const admission = await admit(request, this.#choice, this.#options.authorize);
      if ("refused" in admission) client.end(closeCodes.forbidden, "You may not listen to this.");
      else client.admit(admission.channel);
    } catch {
      client.end(closeCodes.failed, "This went wrong.");
    }
  }
}

function webRequestOf(request: Request): BridgeRequest {
  return { url: new URL(request.url), headers: request.headers, raw: request };
}

/** A socket that is being opened has no room; what has to be said is said once it is open. */
function endOf(socket: EventSocket): SocketEnd {
  const whenOpen = (act: () => void) => {
    if (socket.readyState === connecting) socket.addEventListener("open", act);
    else act();
  };
  return {
    send: (text) => whenOpen(() => socket.send(text)),
    close: (code, reason) => whenOpen(() => socket.close(code, reason)),
    terminate: () => (socket.terminate === undefined ? socket.close() : socket.terminate()),
    get bufferedAmount() {
      return socket.readyState === connecting ? Number.POSITIVE_INFINITY : socket.bufferedAmount;
    },
    // Pings are of use only where their answers are told.
    ping: socket.ping !== undefined && socket.on !== undefined ? () => socket.ping?.() : undefined,
  };
}

function bunEndOf(socket: BunSocket): SocketEnd {
  return {
    send: (text) => socket.send(text),
    close: (code, reason) => socket.close(code, reason),
    terminate: () => socket.terminate(),
    get bufferedAmount() {
      return socket.getBufferedAmount();
    },
    ping: () => void socket.ping(),
  };
}
