/**
 * One browser on a bridge: takes from its cursor while its connection takes from it, and never more. What a slow one has not
 * had yet waits in the channel, not in this process.
 */
import { type Delivery, isGap } from "../channel/entry.ts";
import type { Cursor, From } from "../channel/feed.ts";
import type { Bridgeable } from "./bridge-options.ts";

/** How a bridge writes to one client. */
export interface Outlet {
  /** Whether it takes more now. When not, `resume` is called once it does. */
  readonly hasRoom: boolean;
  /** Where it stands, before the first message: told once. */
  begin(position: string | null): void;
  send(deliveries: readonly Delivery[]): void;
}

/** What goes out in one write; the last message may pass the bytes. */
const batchMax = { deliveries: 64, bytes: 16 * 1024 };

export class ClientPump {
  readonly #outlet: Outlet;
  readonly #cursor: Cursor;
  #isClosed = false;

  constructor(channel: Bridgeable, from: From, outlet: Outlet) {
    this.#outlet = outlet;
    this.#cursor = channel.openCursor(from, {
      onReadable: () => this.resume(),
      onReady: () => this.#outlet.begin(this.#cursor.position),
    });
  }

  resume(): void {
    while (!this.#isClosed && this.#outlet.hasRoom) {
      const batch = this.#take();
      if (batch.length === 0) return;
      this.#outlet.send(batch);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#cursor.close();
  }

  #take(): Delivery[] {
    const batch: Delivery[] = [];
    let bytes = 0;
    while (batch.length < batchMax.deliveries && bytes < batchMax.bytes) {
      const delivery = this.#cursor.take();
      if (delivery === null) break;
      batch.push(delivery);
      if (!isGap(delivery)) bytes += delivery.body.length;
    }
    return batch;
  }
}
