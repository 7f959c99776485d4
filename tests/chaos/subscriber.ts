/** One subscriber of the publishing load: what it must get, and in which order. */
import { inspect } from "node:util";
import { type Reply, ReplyError } from "@larder/resp";
import type { LoadContext } from "./load.ts";
import type { Session } from "./session.ts";

interface Subscription {
  command: "SUBSCRIBE" | "PSUBSCRIBE";
  channel: string;
}

export class Subscriber {
  readonly #context: LoadContext;
  readonly #session: Session;
  readonly #subscription: Subscription;
  /** Numbers that were published for certain, by channel. */
  readonly #published: ReadonlyMap<string, readonly number[]>;
  /** The last number of each channel on this connection; empty at its start, when anything may have been missed. */
  #last = new Map<string, number>();
  #isConfirmed = false;

  constructor(
    context: LoadContext,
    session: Session,
    subscription: Subscription,
    published: ReadonlyMap<string, readonly number[]>,
  ) {
    this.#context = context;
    this.#session = session;
    this.#subscription = subscription;
    this.#published = published;
    session.onMessage = (message) => this.#take(message);
  }

  /** Subscribes unless it is. */
  async ensure(): Promise<void> {
    const { name, ledger } = this.#context;
    if (!this.#session.isEnded) return;
    if (this.#session.connections > 0 && !this.#session.endedForReason)
      ledger.violation(name, "a subscriber's connection ended without a reason");
    this.#last = new Map();
    this.#isConfirmed = false;
    await this.#session.subscribe(this.#subscription.command, this.#subscription.channel);
  }

  #take(message: Reply): void {
    const { name, ledger } = this.#context;
    // The engine is away: it is to try again.
    if (message instanceof ReplyError && /^UNAVAILABLE /.test(message.message)) return this.#session.kill();
    const parts = Array.isArray(message) ? message : [];
    const kind = String(parts[0]);
    if (kind === "subscribe" || kind === "psubscribe") {
      this.#isConfirmed = parts[1] === this.#subscription.channel;
      if (!this.#isConfirmed) ledger.violation(name, `subscribed: ${inspect(message)}`);
      return;
    }
    ledger.count("messages");
    const isPattern = this.#subscription.command === "PSUBSCRIBE";
    const [channel, text] = isPattern ? parts.slice(2) : parts.slice(1);
    const [named, number] = String(text).split("#");
    const isMine = isPattern ? parts[1] === this.#subscription.channel : channel === this.#subscription.channel;
    if (kind !== (isPattern ? "pmessage" : "message") || !isMine || named !== channel || !this.#isConfirmed)
      return ledger.violation(name, `a message that is not its own: ${inspect(message).slice(0, 200)}`);
    this.#takeNumber(String(channel), Number(number));
  }

  #takeNumber(channel: string, number: number): void {
    const { name, ledger } = this.#context;
    const last = this.#last.get(channel);
    this.#last.set(channel, number);
    if (last === undefined) return;
    if (!(number > last)) return ledger.violation(name, `${channel}: ${number} after ${last}`);
    const missed = (this.#published.get(channel) ?? []).filter((each) => each > last && each < number);
    if (missed.length > 0) ledger.violation(name, `${channel}: ${missed.slice(0, 5)} did not come`);
  }
}
