/** One client that publishes numbered messages, and others that must each get every one of them, once. */
import type { CommandClient } from "../../../tests/fixture/command-client.ts";
import { DeliveryLedger } from "./delivery-ledger.ts";
import { LoadClient } from "./load-client.ts";
import type { LoadTarget } from "./load-target.ts";
import type { LoadReport } from "./orders.ts";
import type { RoleLoad } from "./role-load.ts";
import { ratesPerSecond } from "./roles.ts";
import { Steady } from "./steady.ts";

const channel = "news";
/** What is on its way at the end has so long to arrive. */
const lastMessagesMs = 1_000;

interface Subscriber {
  client: LoadClient;
  ledger: DeliveryLedger;
  /** Kept connected while nobody asks it anything. */
  watch: Promise<void>;
}

export class Messages implements RoleLoad {
  readonly #publisher: LoadClient;
  readonly #subscribers: Subscriber[];
  readonly #steady = new Steady();
  /** Acknowledged. */
  readonly #published: number[] = [];
  #next = 0;

  constructor(target: LoadTarget, subscribers: number) {
    this.#publisher = new LoadClient(target, "publisher");
    this.#subscribers = Array.from({ length: subscribers }, () => {
      const ledger = new DeliveryLedger();
      const client = new LoadClient(target, "subscriber", (connection) => subscribe(connection, ledger));
      return { client, ledger, watch: Promise.resolve() };
    });
  }

  async open(): Promise<void> {
    await this.#publisher.connected();
    await Promise.all(this.#subscribers.map(({ client }) => client.connected()));
  }

  start(): void {
    for (const subscriber of this.#subscribers) subscriber.watch = subscriber.client.stayConnected();
    this.#steady.start(1, ratesPerSecond.publisher, () => this.#publish());
  }

  async #publish(): Promise<void> {
    const number = this.#next++;
    try {
      await this.#publisher.ask("PUBLISH", channel, String(number));
      this.#published.push(number);
    } catch {}
  }

  async stop(): Promise<void> {
    await this.#steady.stop();
    const deadlineMs = performance.now() + lastMessagesMs;
    const isMissing = () => this.#subscribers.some(({ ledger }) => ledger.missing(this.#published.slice(-1)) > 0);
    while (isMissing() && performance.now() < deadlineMs) await Bun.sleep(10);
  }

  async finish(): Promise<Pick<LoadReport, "messages">> {
    for (const { client } of this.#subscribers) client.close();
    this.#publisher.close();
    await Promise.all(this.#subscribers.map(({ watch }) => watch));
    const sum = (of: (ledger: DeliveryLedger) => number) =>
      this.#subscribers.reduce((all, { ledger }) => all + of(ledger), 0);
    const missing = sum((ledger) => ledger.missing(this.#published));
    return { messages: { published: this.#published.length, missing, twice: sum((ledger) => ledger.twice) } };
  }
}

/** Resolves when the subscription is confirmed. */
function subscribe(connection: CommandClient, ledger: DeliveryLedger): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  connection.isSubscribed = true;
  connection.onMessage = (message) => {
    const [kind, , content] = Array.isArray(message) ? message : [];
    if (kind === "message") ledger.receive(Number(content));
    else if (kind === "subscribe") resolve();
    else reject(new Error("not subscribed"));
  };
  void connection.ended.then(() => reject(new Error("connection lost")));
  connection.send("SUBSCRIBE", channel);
  return promise;
}
