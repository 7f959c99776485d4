/**
 * One browser on a WebSocket.
 *
 *   asking → heard → closed      asking: not admitted yet, or it has not said where it stands
 */
import type { Delivery } from "../channel/entry.ts";
import { isEventId } from "../channel/event-id.ts";
import type { Bridgeable, BridgeSettings } from "./bridge-options.ts";
import { ClientPump, type Outlet } from "./client-pump.ts";
import type { BridgeClient, BridgeClients } from "./clients.ts";
import { bridgeLimits } from "./limits.ts";
import { pingText, positionText, received, type SocketTexts } from "./socket-frames.ts";

/** What a bridge needs of a socket, whoever made it. */
export interface SocketEnd {
  send(text: string): unknown;
  close(code: number, reason: string): void;
  /** Ends it without waiting for the other side. */
  terminate(): void;
  /** Bytes that were sent and not taken yet. */
  readonly bufferedAmount: number;
  /** Asks for a sign of life; undefined: the socket cannot. */
  readonly ping: (() => void) | undefined;
}

export interface SocketClientParts {
  socket: SocketEnd;
  texts: SocketTexts;
  clients: BridgeClients;
  settings: BridgeSettings;
  onMessage: ((message: unknown) => void | Promise<void>) | undefined;
}

export const closeCodes = {
  forbidden: 1008,
  broken: 1007,
  tooLarge: 1009,
  failed: 1011,
  full: 1013,
  leaving: 1001,
} as const;

export class SocketClient implements BridgeClient, Outlet {
  readonly #parts: SocketClientParts;
  #channel: Bridgeable | undefined;
  /** What it had last; null: nothing; undefined: it has not said. */
  #after: string | null | undefined;
  #pump: ClientPump | undefined;
  #roomTimer: ReturnType<typeof setTimeout> | undefined;
  #silentBeats = 0;
  #stalledAtMs: number | undefined;
  #isClosed = false;

  constructor(parts: SocketClientParts) {
    this.#parts = parts;
    parts.clients.add(this);
  }

  get hasRoom(): boolean {
    const { socket, settings } = this.#parts;
    if (socket.bufferedAmount < settings.clientBytesMax) return true;
    this.#awaitRoom();
    return false;
  }

  admit(channel: Bridgeable): void {
    this.#channel = channel;
    this.#begin();
  }

  startAfter(id: string | null): void {
    this.#after ??= id;
    this.#begin();
  }

  /** A position is news only to whoever had none. */
  begin(position: string | null): void {
    if (position !== null && !isEventId(this.#after)) this.#parts.socket.send(positionText(position));
  }

  send(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) this.#parts.socket.send(this.#parts.texts.of(delivery));
  }

  isAlive(): void {
    this.#silentBeats = 0;
  }

  receive(text: string): void {
    this.isAlive();
    if (this.#isClosed) return;
    if (text.length > bridgeLimits.receivedBytesMax) return this.end(closeCodes.tooLarge, "The message is too long.");
    try {
      const heard = received(text);
      if ("after" in heard) this.startAfter(heard.after);
      else if ("message" in heard) void this.#hand(heard.message);
    } catch {
      this.end(closeCodes.broken, "The message is no JSON.");
    }
  }

  beat(): void {
    const { socket, settings } = this.#parts;
    if (++this.#silentBeats > bridgeLimits.silentBeatsMax) return this.#drop();
    if (!this.hasRoom) {
      this.#stalledAtMs ??= settings.clock.monotonicMs();
      if (settings.clock.monotonicMs() - this.#stalledAtMs >= settings.stallMs) this.#drop();
    } else if (socket.ping !== undefined) socket.ping();
    else socket.send(pingText);
  }

  /** The bridge is closing. */
  close(): void {
    this.end(closeCodes.leaving, "This server is leaving.");
  }

  end(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.closed();
    this.#parts.socket.close(code, reason);
  }

  /** The other side has gone, or is gone from. Idempotent. */
  closed(): void {
    this.#isClosed = true;
    clearTimeout(this.#roomTimer);
    this.#pump?.close();
    this.#parts.clients.delete(this);
  }

  #drop(): void {
    this.closed();
    this.#parts.socket.terminate();
  }

  #begin(): void {
    if (this.#channel === undefined || this.#after === undefined || this.#pump !== undefined || this.#isClosed) return;
    this.#pump = new ClientPump(this.#channel, isEventId(this.#after) ? this.#after : "now", this);
  }

  #awaitRoom(): void {
    if (this.#isClosed) return;
    this.#roomTimer ??= setTimeout(() => {
      this.#roomTimer = undefined;
      if (!this.hasRoom) return;
      this.#stalledAtMs = undefined;
      this.#pump?.resume();
    }, bridgeLimits.roomEveryMs);
  }

  async #hand(message: unknown): Promise<void> {
    try {
      if (this.#channel !== undefined) await this.#parts.onMessage?.(message);
    } catch {
      this.end(closeCodes.failed, "This went wrong.");
    }
  }
}
