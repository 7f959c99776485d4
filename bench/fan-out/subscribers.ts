/**
 * The process that subscribes, publishes and counts. One process, so that publishing and delivery have one clock; and
 * little work for each delivery (one read, some additions), as it must not be slower than what it measures. How busy it
 * was is reported beside the figures.
 *
 * Every subscriber gets every message once and in order, or the run fails: message n is the n-th of each.
 */
import { BareClient, encode, openClients, within } from "../bare-client.ts";
import { obeyOrders } from "../client-process.ts";
import { quantileOfSorted } from "../quantile.ts";
import type { FanOutLatency, FanOutThroughput, SubscribersOrder } from "./fan-out-orders.ts";
import { MessageLayout } from "./message-layout.ts";

/** Deliveries of one message to all may take so long. */
const deliveryTimeoutMs = 20_000;

class Subscribers {
  readonly #channel: string;
  readonly #layout: MessageLayout;
  readonly #publisher: BareClient;
  readonly #clients: readonly BareClient[];
  #published = 0;
  /** By the message's number: when it was to be published, and how many subscribers have yet to get it. */
  readonly #publishedMs: number[] = [];
  readonly #missing: number[] = [];
  #deliveries = 0;
  /** Of every delivery, while it is wanted. */
  #latencies: number[] | null = null;
  #onDelivered: () => void = () => {};
  #failure: Error | null = null;
  #onFailure: (error: Error) => void = () => {};

  constructor(options: { channel: string; layout: MessageLayout; publisher: BareClient; clients: BareClient[] }) {
    this.#channel = options.channel;
    this.#layout = options.layout;
    this.#publisher = options.publisher;
    this.#clients = options.clients;
    const onLost = (error: Error) => this.#fail(error);
    this.#publisher.onLost = onLost;
    this.#publisher.onData = (bytes) => {
      if (bytes.includes("-")) this.#fail(new Error(`PUBLISH was answered: ${bytes.toString("latin1", 0, 80)}`));
    };
    for (const client of this.#clients) {
      client.received = 0;
      client.onLost = onLost;
      client.onData = (bytes) => this.#onMessages(client, bytes);
    }
  }

  /** The first failure counts, whenever it is that somebody waits. */
  #fail(error: Error): void {
    this.#failure ??= error;
    this.#onFailure(this.#failure);
  }

  async measureLatency(plan: { messages: number; messagesPerSecond: number }): Promise<FanOutLatency> {
    this.#latencies = [];
    const gapMs = 1000 / plan.messagesPerSecond;
    const startMs = performance.now() + gapMs;
    for (let message = 0; message < plan.messages; message++) {
      const dueMs = startMs + message * gapMs;
      await Bun.sleep(Math.max(0, dueMs - performance.now()));
      this.#publish(dueMs);
    }
    await this.#untilDelivered(0);
    const sorted = Float64Array.from(this.#latencies).sort();
    this.#latencies = null;
    return {
      deliveries: sorted.length,
      p50Ms: quantileOfSorted(sorted, 0.5),
      p99Ms: quantileOfSorted(sorted, 0.99),
      maxMs: quantileOfSorted(sorted, 1),
    };
  }

  async measureThroughput(plan: { inFlight: number; seconds: number }): Promise<FanOutThroughput> {
    const before = this.#deliveries;
    const startMs = performance.now();
    while (performance.now() - startMs < plan.seconds * 1000) {
      this.#publish(performance.now());
      await this.#untilDelivered(plan.inFlight - 1);
    }
    await this.#untilDelivered(0);
    const deliveries = this.#deliveries - before;
    return { deliveries, deliveriesPerSecond: deliveries / ((performance.now() - startMs) / 1000) };
  }

  close(): void {
    for (const client of [this.#publisher, ...this.#clients]) client.drop();
  }

  #publish(dueMs: number): void {
    const number = this.#published++;
    this.#publishedMs.push(dueMs);
    this.#missing.push(this.#clients.length);
    const command = Buffer.from(encode(["PUBLISH", this.#channel, this.#layout.payload(number)]));
    if (!this.#publisher.send(command, 0, command.length)) this.#fail(new Error("a message could not be published"));
  }

  /** Resolves when at most so many messages have not reached every subscriber. */
  async #untilDelivered(outstandingMax: number): Promise<void> {
    const last = this.#published - 1 - outstandingMax;
    const isDelivered = () => last < 0 || this.#missing[last] === 0;
    if (this.#failure !== null) throw this.#failure;
    if (isDelivered()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#onFailure = reject;
    this.#onDelivered = () => {
      if (isDelivered()) resolve();
    };
    await within(deliveryTimeoutMs, [promise]);
    this.#onDelivered = () => {};
  }

  /** Hot: once for each delivery, or for a few of one subscriber together. */
  #onMessages(client: BareClient, bytes: Buffer): void {
    const nowMs = performance.now();
    const length = this.#layout.bytes;
    const before = client.received;
    const after = before + bytes.length;
    client.received = after;
    const first = Math.floor(before / length);
    for (let number = first; (number + 1) * length <= after; number++) {
      const start = number * length - before;
      if (start >= 0 && this.#layout.numberIn(bytes, start) !== number)
        return this.#fail(new Error(`instead of message ${number}: ${bytes.toString("latin1", start, start + 80)}`));
      this.#latencies?.push(nowMs - (this.#publishedMs[number] as number));
      this.#deliveries++;
      const missing = (this.#missing[number] as number) - 1;
      this.#missing[number] = missing;
      if (missing === 0) this.#onDelivered();
    }
  }
}

async function open(order: Extract<SubscribersOrder, { kind: "open" }>): Promise<Subscribers> {
  const { endpoint, protocol, subscribers, channel, payloadBytes } = order;
  const hello = protocol === 3 ? encode(["HELLO", "3"]) : "";
  const confirmation = `${protocol === 3 ? ">" : "*"}3\r\n$9\r\nsubscribe\r\n$${channel.length}\r\n${channel}\r\n:1\r\n`;
  const publisher = new BareClient();
  await publisher.open(endpoint);
  const clients = await openClients(subscribers, async () => {
    const client = new BareClient();
    await client.open(endpoint);
    await client.exchange(hello + encode(["SUBSCRIBE", channel]), confirmation);
    return client;
  });
  return new Subscribers({ channel, layout: new MessageLayout(channel, payloadBytes), publisher, clients });
}

let opened: Subscribers | null = null;

function theOpened(): Subscribers {
  if (opened === null) throw new Error("no subscribers are open");
  return opened;
}

await obeyOrders<SubscribersOrder>(async (order) => {
  switch (order.kind) {
    case "open":
      opened = await open(order);
      return {};
    case "latency":
      return theOpened().measureLatency(order);
    case "throughput":
      return theOpened().measureThroughput(order);
    case "close":
      opened?.close();
      opened = null;
      Bun.gc(true);
      return {};
  }
});
