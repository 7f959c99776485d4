/** One browser that hears events: from when its response has begun until one side ends it. */
import type { Delivery } from "../channel/entry.ts";
import type { From } from "../channel/feed.ts";
import type { Bridgeable, BridgeSettings } from "./bridge-options.ts";
import { ClientPump, type Outlet } from "./client-pump.ts";
import type { BridgeClient, BridgeClients } from "./clients.ts";
import { type FrameMaker, heartbeatFrame, openingFrame, positionFrame } from "./sse-frames.ts";

/** Where the bytes of one response go. */
export interface SseSink {
  readonly hasRoom: boolean;
  write(bytes: Buffer): void;
  /** Ends the response. */
  end(): void;
  /** Told once it is set. */
  listen(events: { onRoom(): void; onClose(): void }): void;
}

export interface SseClientParts {
  channel: Bridgeable;
  from: From;
  sink: SseSink;
  frames: FrameMaker;
  clients: BridgeClients;
  settings: BridgeSettings;
  retryMs: number;
}

export class SseClient implements BridgeClient, Outlet {
  readonly #parts: SseClientParts;
  readonly #pump: ClientPump;
  #isSilent = true;
  #isClosed = false;
  /** Since when it takes nothing; undefined: it does. */
  #stalledAtMs: number | undefined;

  constructor(parts: SseClientParts) {
    this.#parts = parts;
    this.#write(openingFrame(parts.retryMs));
    this.#pump = new ClientPump(parts.channel, parts.from, this);
    parts.clients.add(this);
    parts.sink.listen({
      onRoom: () => {
        this.#stalledAtMs = undefined;
        this.#pump.resume();
      },
      onClose: () => this.close(),
    });
  }

  get hasRoom(): boolean {
    return this.#parts.sink.hasRoom;
  }

  /** A client that said where it is knows. */
  begin(position: string | null): void {
    if (position !== null && this.#parts.from === "now") this.#write(positionFrame(position));
  }

  send(deliveries: readonly Delivery[]): void {
    this.#write(this.#parts.frames.of(deliveries));
  }

  beat(): void {
    const { clock, stallMs } = this.#parts.settings;
    if (!this.hasRoom) {
      this.#stalledAtMs ??= clock.monotonicMs();
      if (clock.monotonicMs() - this.#stalledAtMs >= stallMs) this.close();
    } else if (this.#isSilent) this.#write(heartbeatFrame);
    this.#isSilent = true;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pump.close();
    this.#parts.clients.delete(this);
    this.#parts.sink.end();
  }

  #write(bytes: Buffer): void {
    if (this.#isClosed) return;
    this.#isSilent = false;
    this.#parts.sink.write(bytes);
  }
}
