/**
 * The subscriptions of one cache's clients that speak to the engine as one user: one connection to the engine with one
 * subscription for each channel, pattern and shard channel, however many clients have it. Each worker has its own.
 *
 * Whatever a client changes goes to the engine, even where that has nothing to change, and takes effect when the answer
 * comes, behind the messages before it. So a client gets what was published between its subscribing and its leaving and
 * nothing else, as at an engine, and what the engine refuses is refused in its words.
 *
 *   connection   what clients notice
 *   none yet     their commands wait for it, up to `holdMs`
 *   ready        –
 *   lost         who is subscribed is closed, as messages may be missing; who was about to subscribe waits for the next
 *
 * A change of subscriptions counts as a command in flight, and a client has them here only then: nothing of it is in
 * flight elsewhere when it is confirmed.
 */
import { encodeError, encodeRequest } from "@larder/resp";
import type { ClientConnection } from "../client/client-connection.ts";
import { unavailableError } from "../engine/engine-pool.ts";
import { counters } from "../metrics.ts";
import { ChannelMembers } from "./channel-members.ts";
import { DeliveryQueue } from "./delivery-queue.ts";
import type { Answer } from "./subscriber-connection.ts";
import { type LinkOptions, SubscriberLink } from "./subscriber-link.ts";
import { encodeConfirmation } from "./subscription-confirmation.ts";
import { type Kind, kinds, noSubscriptions, type Subscriptions } from "./subscriptions.ts";

/** One SUBSCRIBE or UNSUBSCRIBE of a client, or one of their kin. */
export interface Change {
  kind: Kind;
  names: readonly string[];
  /** The client has asked for no reply: it gets no error either. Confirmations are no replies. */
  isMuted: boolean;
}

export interface HubOptions extends Pick<LinkOptions, "target" | "randomness"> {
  /** Something is subscribed to, or nothing any more. */
  onUse(): void;
}

type Channel = ChannelMembers<ClientConnection>;

export class ChannelHub {
  readonly link: SubscriberLink;
  readonly #channels: Record<Kind, Map<string, Channel>> = {
    subscribe: new Map(),
    psubscribe: new Map(),
    ssubscribe: new Map(),
  };
  readonly #deliveries = new DeliveryQueue();
  readonly #onUse: () => void;
  /** How often the connection was lost: an answer from before that no longer holds. */
  #losses = 0;

  constructor(options: HubOptions) {
    this.#onUse = options.onUse;
    this.link = new SubscriberLink({
      target: options.target,
      randomness: options.randomness,
      wanted: () => this.#wanted(),
      onMessage: (kind, name, bytes, start, end) => {
        const channel = this.#channels[kind].get(name);
        if (channel !== undefined) this.#deliveries.message(channel.members, bytes, start, end);
      },
      onRead: () => this.#deliveries.run(),
      onLost: () => this.#endMembers(),
    });
  }

  get isUsed(): boolean {
    return kinds.some((kind) => this.#channels[kind].size > 0);
  }

  get channelCount(): number {
    return kinds.reduce((sum, kind) => sum + this.#channels[kind].size, 0);
  }

  members(kind: Kind, name: string): number {
    return this.#channels[kind].get(name)?.members.size ?? 0;
  }

  // ── what clients ask for ───────────────────────────────────────────────────────────────────────────────────────────

  /** `request` is the client's own; it is kept. With nothing of the client in flight but such. */
  subscribe(client: ClientConnection, change: Change, request: Buffer): void {
    this.#begin(client, change, () => {
      for (const name of change.names) this.#channel(change.kind, name).join();
      this.#onUse();
      const again = () => this.#endChange(client, () => this.subscribe(client, change, request));
      this.link.ask(request, change.names.length, (answer) =>
        this.#inOrder(answer, {
          confirmed: () => this.#joined(client, change),
          refused: (error) => this.#refused(client, change, error),
          lost: again,
        }),
      );
    });
  }

  /** With nothing of the client in flight. */
  unsubscribe(client: ClientConnection, change: Change): void {
    const { kind, names } = change;
    client.subscriptions.isEnding = true;
    this.#begin(client, change, () => {
      const ended = names.filter((name) => this.#channels[kind].get(name)?.leave(client) === "unsubscribe");
      const then = (answer: Answer) =>
        this.#inOrder(answer, {
          confirmed: () => this.#left(client, change),
          refused: (error) => this.#stayed(client, change, error),
          lost: () => {},
        });
      if (ended.length > 0) this.link.ask(unsubscribeRequest(kind, ended), ended.length, then);
      else this.link.fence(then);
    });
  }

  /** The client is gone, or starts anew: it gets nothing from now on. */
  forget(client: ClientConnection, subscriptions: Subscriptions): void {
    for (const kind of kinds) {
      const names = [...subscriptions.names(kind)];
      this.#endUpstream(
        kind,
        names.filter((name) => this.#channels[kind].get(name)?.gone(client)),
      );
      this.#dropUnused(kind, names);
    }
  }

  #begin(client: ClientConnection, change: Change, run: () => void): void {
    client.subscriptions.changing++;
    client.inFlight++;
    this.link.send({
      run: () => {
        if (!client.isClosed) run();
      },
      refuse: () => this.#answerError(client, change, Buffer.from(encodeError(unavailableError()))),
    });
  }

  /** Acts on an answer of the engine behind the messages that came before it. */
  #inOrder(answer: Answer, acts: { confirmed(): void; refused(error: Buffer): void; lost(): void }): void {
    if (answer === "lost") return acts.lost();
    const losses = this.#losses;
    this.#deliveries.behind(() => {
      if (losses !== this.#losses) acts.lost();
      else if (answer === "confirmed") acts.confirmed();
      else acts.refused(answer);
    });
  }

  // ── what the engine answers ────────────────────────────────────────────────────────────────────────────────────────

  #joined(client: ClientConnection, { kind, names }: Change): void {
    const { subscriptions, isClosed } = client;
    const ended = names.filter((name) => this.#channel(kind, name).joined(isClosed ? null : client));
    this.#endUpstream(kind, ended);
    this.#dropUnused(kind, ended);
    if (isClosed) return;
    this.#confirm(client, kind, names, (name) => subscriptions.add(kind, name));
  }

  #refused(client: ClientConnection, change: Change, error: Buffer): void {
    const { kind, names } = change;
    const active = this.link.confirmed(kind);
    const ended = names.filter((name) => this.#channels[kind].get(name)?.refused(active.has(name)));
    this.#endUpstream(kind, ended);
    this.#dropUnused(kind, names);
    this.#answerError(client, change, error);
  }

  #left(client: ClientConnection, { kind, names }: Change): void {
    if (client.isClosed) return;
    const ended = names.filter((name) => this.#channels[kind].get(name)?.left(client));
    this.#endUpstream(kind, ended);
    this.#dropUnused(kind, names);
    this.#confirm(client, unsubscribeOf(kind), names, (name) => client.subscriptions.remove(kind, name));
  }

  #stayed(client: ClientConnection, change: Change, error: Buffer): void {
    for (const name of change.names) this.#channels[change.kind].get(name)?.stayed(client);
    this.#answerError(client, change, error);
  }

  /** Changes the client's own list name by name, as each confirmation says how many there are then. */
  #confirm(client: ClientConnection, command: string, names: readonly string[], apply: (name: string) => void): void {
    const kind = command.replace("un", "") as Kind;
    const texts = names.map((name) => {
      apply(name);
      return encodeConfirmation(client.protocol, {
        command,
        name,
        count: client.subscriptions.confirmedCount(kind),
      });
    });
    this.#endChange(client, () => client.push(Buffer.from(texts.join(""), "latin1")));
  }

  #answerError(client: ClientConnection, change: Change, error: Buffer): void {
    if (client.isClosed) return;
    this.#endChange(client, () => {
      if (!change.isMuted) client.deliver(error, 0, error.length);
    });
  }

  /** The change is over, whatever became of it. `last` is done before the client goes on. */
  #endChange(client: ClientConnection, last: () => void): void {
    if (client.isClosed) return;
    client.subscriptions.changing--;
    client.subscriptions.isEnding = false;
    last();
    if (client.subscriptions.changing === 0 && client.subscriptions.isEmpty) client.subscriptions = noSubscriptions;
    client.onReplied(1);
  }

  /** Messages may be missing from now on, and nobody could tell otherwise. */
  #endMembers(): void {
    this.#losses++;
    const members = new Set<ClientConnection>();
    for (const kind of kinds) {
      for (const channel of this.#channels[kind].values()) for (const member of channel.members) members.add(member);
      this.#channels[kind].clear();
    }
    this.#onUse();
    counters.larder_gateway_connections_closed_subscription_lost_total += members.size;
    this.#deliveries.behind(() => {
      for (const member of members) member.endAfterOutput();
    });
    this.#deliveries.run();
  }

  // ── channels ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #channel(kind: Kind, name: string): Channel {
    const channels = this.#channels[kind];
    const channel = channels.get(name) ?? new ChannelMembers();
    channels.set(name, channel);
    return channel;
  }

  /** Nobody has them any more, and nobody waits for the answer. */
  #endUpstream(kind: Kind, names: readonly string[]): void {
    if (names.length === 0 || !this.link.isConnected) return;
    const request = unsubscribeRequest(kind, names);
    this.link.send({ run: () => this.link.ask(request, names.length, () => {}), refuse: () => {} });
  }

  #dropUnused(kind: Kind, names: readonly string[]): void {
    const channels = this.#channels[kind];
    for (const name of names) if (channels.get(name)?.isUnused) channels.delete(name);
    this.#onUse();
  }

  *#wanted(): Iterable<[Kind, string]> {
    for (const kind of kinds)
      for (const [name, channel] of this.#channels[kind]) if (channel.isWanted) yield [kind, name];
  }
}

function unsubscribeOf(kind: Kind): string {
  return kind.replace("subscribe", "unsubscribe");
}

function unsubscribeRequest(kind: Kind, names: readonly string[]): Buffer {
  return encodeRequest([unsubscribeOf(kind), ...names.map((name) => Buffer.from(name, "latin1"))]);
}
