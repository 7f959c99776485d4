/**
 * A channel without a history. What is published while the connection is lost is missed: each listener is told that a gap was
 * possible. One that is slower than the ring is long misses the oldest, and is told, too.
 */
import type { Server } from "../../connection/server.ts";
import { subscriptionsOf } from "../subscriptions.ts";
import { type Delivery, type Gap, parsePayload } from "./entry.ts";
import { beginning } from "./event-id.ts";
import { type Cursor, type CursorHooks, type Feed, type From, Linger, Readers } from "./feed.ts";
import { channelLimits } from "./limits.ts";
import { Ring } from "./ring.ts";

const ringBounds = { entriesMax: channelLimits.recentEntries, bytesMax: channelLimits.recentBytes };

export class PlainFeed implements Feed {
  readonly #server: Server;
  readonly #channel: string;
  readonly #onUnused: () => void;
  readonly #readers = new Readers<PlainCursor>();
  readonly #linger = new Linger(channelLimits.lingerMs, () => this.#end());
  readonly #ring = new Ring(ringBounds, beginning);
  #stop: (() => void) | undefined;
  #state: "unused" | "opening" | "heard" | "lost" = "unused";

  constructor(server: Server, channel: string, onUnused: () => void) {
    this.#server = server;
    this.#channel = channel;
    this.#onUnused = onUnused;
  }

  open(_from: From, hooks: CursorHooks): Cursor {
    const cursor = new PlainCursor(this.#ring, () => this.#leave(cursor));
    this.#readers.add(cursor, hooks);
    this.#begin();
    if (this.#state === "heard") queueMicrotask(() => this.#readers.tellReady(cursor));
    return cursor;
  }

  #begin(): void {
    this.#linger.stop();
    if (this.#state !== "unused") return;
    this.#state = "opening";
    this.#stop = subscriptionsOf(this.#server).listen(this.#channel, {
      onMessage: (payload) => this.#hear(payload),
      onSubscribed: () => this.#heard(),
      onLost: () => {
        if (this.#state === "heard") this.#state = "lost";
      },
      onTrouble: (error) => this.#readers.tellTrouble(error),
    });
  }

  #end(): void {
    this.#stop?.();
    this.#state = "unused";
    this.#onUnused();
  }

  #leave(cursor: PlainCursor): void {
    if (this.#readers.delete(cursor) && this.#readers.all.size === 0) this.#linger.begin();
  }

  #hear(payload: Buffer): void {
    const entry = parsePayload(payload);
    if (entry === undefined) return;
    this.#ring.push(entry);
    this.#readers.wakeFor(entry);
  }

  #heard(): void {
    const wasLost = this.#state === "lost";
    const wasOpening = this.#state === "opening";
    this.#state = "heard";
    for (const cursor of this.#readers.all) {
      if (wasLost) cursor.lose();
      if (wasOpening) this.#readers.tellReady(cursor);
    }
    if (wasLost) this.#readers.wake();
  }
}

class PlainCursor implements Cursor {
  readonly #ring: Ring;
  readonly #leave: () => void;
  readonly position = null;
  #place: number;
  /** Where, between two places, the connection was lost. */
  #lostAt: number | undefined;
  #isClosed = false;

  constructor(ring: Ring, leave: () => void) {
    this.#ring = ring;
    this.#leave = leave;
    this.#place = ring.end;
  }

  lose(): void {
    this.#lostAt ??= this.#ring.end;
  }

  take(): Delivery | null {
    if (this.#isClosed) return null;
    if (this.#lostAt !== undefined && this.#place >= this.#lostAt) {
      this.#lostAt = undefined;
      return gap("disconnected");
    }
    if (this.#place < this.#ring.first) {
      this.#place = this.#ring.first;
      return gap("slow");
    }
    const entry = this.#ring.at(this.#place);
    if (entry === undefined) return null;
    this.#place++;
    return entry;
  }

  close(): void {
    this.#isClosed = true;
    this.#leave();
  }
}

function gap(reason: Gap["reason"]): Gap {
  return { type: "gap", reason, after: null, id: null };
}
