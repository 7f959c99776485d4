/** The channels, patterns and shard channels of one client. Who gets what is in channel-hub.ts; this is what CLIENT LIST shows. */
import type { Protocol } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import type { ChannelHub } from "./channel-hub.ts";

/** What there is to subscribe to, by the command that does so. */
export const kinds = ["subscribe", "psubscribe", "ssubscribe"] as const;
export type Kind = (typeof kinds)[number];

export class Subscriptions {
  /** Where they are held; null for nobody's. */
  readonly hub: ChannelHub | null;
  /** Requests that change them and are under way. They count among the client's commands in flight. */
  changing = 0;
  /** One of them unsubscribes. */
  isEnding = false;
  /** With something in flight by which the client may publish to itself: messages wait for its reply. */
  isPublishing = false;
  readonly #names = new Map<Kind, Set<string>>();

  constructor(hub: ChannelHub | null) {
    this.hub = hub;
  }

  get isEmpty(): boolean {
    for (const names of this.#names.values()) if (names.size > 0) return false;
    return true;
  }

  /** Of so many kinds of commands may only some be used: the client's requests must be looked at one by one. */
  restricts(protocol: Protocol): boolean {
    return this.changing > 0 || this.isPublishing || (protocol === 2 && !this.isEmpty);
  }

  names(kind: Kind): ReadonlySet<string> {
    return this.#names.get(kind) ?? none;
  }

  count(kind: Kind): number {
    return this.names(kind).size;
  }

  /** As confirmations have it: shard channels are counted apart. */
  confirmedCount(kind: Kind): number {
    return kind === "ssubscribe" ? this.count(kind) : this.count("subscribe") + this.count("psubscribe");
  }

  add(kind: Kind, name: string): void {
    const names = this.#names.get(kind) ?? new Set();
    this.#names.set(kind, names);
    names.add(name);
  }

  remove(kind: Kind, name: string): void {
    this.#names.get(kind)?.delete(name);
  }

  /** The client is gone, or starts anew. */
  end(client: ClientConnection): void {
    this.hub?.forget(client, this);
    this.#names.clear();
  }
}

const none: ReadonlySet<string> = new Set();

/** What every client without a subscription shares, so that idle clients cost no memory for it. Never added to. */
export const noSubscriptions = new Subscriptions(null);
