/**
 * All hubs of one cache in this worker: one for each user that the engine knows. What a node's clients subscribe to moves
 * with the hubs to another node, and what PUBLISH answers is counted here.
 *
 * The engine counts this worker's clients as one for each channel and matching pattern. With other workers it counts each
 * of them as one, and so does the answer.
 */
import type { Randomness } from "@larder/service";
import type { EnginePlace } from "../engine/engine-place.ts";
import type { ServerTarget } from "../engine/server-connection.ts";
import { ChannelHub } from "./channel-hub.ts";
import { matchesGlob } from "./glob-match.ts";
import type { Kind } from "./subscriptions.ts";

export interface FanOutOptions {
  /** How to connect as the engine's user: to the place, or to that of the route in force; null while there is none. */
  target(engineUser: string, place?: EnginePlace): ServerTarget | null;
  /** Whether anything is subscribed to, as PUBLISH needs counting only then. */
  onUse(isUsed: boolean): void;
  randomness: Randomness;
}

export class FanOut {
  readonly #options: FanOutOptions;
  readonly #hubs = new Map<string, ChannelHub>();
  #isUsed = false;
  /** The node that is prepared. */
  #prepared: EnginePlace | null = null;

  constructor(options: FanOutOptions) {
    this.#options = options;
  }

  get isUsed(): boolean {
    return this.#isUsed;
  }

  /** Channels and patterns that the engine is subscribed to for clients. */
  get channelCount(): number {
    return [...this.#hubs.values()].reduce((sum, hub) => sum + hub.channelCount, 0);
  }

  hub(engineUser: string): ChannelHub {
    const { target, randomness } = this.#options;
    let hub = this.#hubs.get(engineUser);
    if (hub === undefined) {
      hub = new ChannelHub({
        target: (place) => target(engineUser, place),
        onUse: () => this.#noteUse(),
        randomness,
      });
      this.#hubs.set(engineUser, hub);
      // Fails like those before it when the node is gone: the switch then says so.
      if (this.#prepared !== null) hub.link.prepare(this.#prepared).catch(() => {});
    }
    return hub;
  }

  /** How many clients get a message that, as the engine says, `counted` subscribers got. */
  receivers(kind: "subscribe" | "ssubscribe", channel: string, counted: number): number {
    const found = this.#subscribers(kind, channel);
    for (const hub of kind === "subscribe" ? this.#hubs.values() : []) {
      for (const pattern of hub.link.confirmed("psubscribe")) {
        if (!matchesGlob(pattern, channel)) continue;
        found.inEngine++;
        found.clients += hub.members("psubscribe", pattern);
      }
    }
    return Math.max(0, counted - found.inEngine) + found.clients;
  }

  /** How many clients have the channel itself, of which the engine says that it has `counted` subscribers. */
  subscribers(kind: "subscribe" | "ssubscribe", channel: string, counted: number): number {
    const { inEngine, clients } = this.#subscribers(kind, channel);
    return Math.max(0, counted - inEngine) + clients;
  }

  #subscribers(kind: Kind, channel: string): { inEngine: number; clients: number } {
    const found = { inEngine: 0, clients: 0 };
    for (const hub of this.#hubs.values()) {
      if (hub.link.confirmed(kind).has(channel)) found.inEngine++;
      found.clients += hub.members(kind, channel);
    }
    return found;
  }

  // ── moving ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Subscribes to everything at another node, too, and stays in step. Rejects when it cannot; then abandon(). */
  async prepare(place: EnginePlace): Promise<void> {
    this.#prepared = place;
    await Promise.all([...this.#hubs.values()].map((hub) => hub.link.prepare(place)));
  }

  /**
   * Goes over to the prepared node. Nothing may be published meanwhile, and that node must have all that was. When it
   * rejects, some hubs may have gone over; the others have not, and stay where they are.
   */
  async switchToPrepared(): Promise<void> {
    const switching = [...this.#hubs.values()].map((hub) => hub.link.switchToPrepared());
    this.#prepared = null;
    await Promise.all(switching);
  }

  abandon(): void {
    this.#prepared = null;
    for (const hub of this.#hubs.values()) hub.link.abandon();
  }

  /** The node is no longer the one, without a move: subscribers are closed, as messages may be missing. */
  drop(): void {
    for (const hub of this.#hubs.values()) hub.link.drop();
  }

  /** Ends connections as others than that user which are subscribed to nothing. */
  leaveUnused(ownUser: string): void {
    for (const [engineUser, hub] of this.#hubs)
      if (engineUser !== ownUser && !hub.isUsed && hub.link.isIdle) hub.link.drop();
  }

  close(): void {
    for (const hub of this.#hubs.values()) hub.link.close();
  }

  #noteUse(): void {
    const isUsed = [...this.#hubs.values()].some((hub) => hub.isUsed);
    if (isUsed === this.#isUsed) return;
    this.#isUsed = isUsed;
    this.#options.onUse(isUsed);
  }
}
