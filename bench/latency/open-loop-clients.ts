/**
 * A load generator that sends at a fixed rate whether or not replies come. Latency counts from the moment at which a
 * request was to be sent, so a target that stalls is charged for every request that should have been sent meanwhile.
 *
 * Why an own one: valkey-benchmark 8.0 has no fixed rate. The `--rps` of later ones and memtier_benchmark's
 * `--rate-limiting` are closed loops: they send less often while replies are late and measure from the actual sending, so
 * they leave out what a stall held back. And memtier_benchmark is no package of Debian 12.
 *
 * Requests go round the connections. Replies of a connection come in order and all have one length, so the n-th reply on
 * connection c belongs to request c + n · clients, and a request costs the generator no object.
 */
import { BareClient, encode, openClients, within } from "../bare-client.ts";
import { obeyOrders } from "../client-process.ts";
import { quantileOfSorted } from "../quantile.ts";
import { arrivalsMs, fractionsFrom } from "./arrivals.ts";
import type { OpenLoopOrder, OpenLoopResult } from "./open-loop.ts";

/** Replies may come so long after the last request was due. */
const graceMs = 5_000;
const fillBatch = 500;

class OpenLoop {
  readonly #order: OpenLoopOrder;
  /** One after the other, for every key. */
  readonly #requests: Buffer;
  readonly #requestBytes: number;
  readonly #replyBytes: number;
  readonly #replyFirst: number;
  readonly #arrivals: Float64Array;
  readonly #keys: Uint32Array;
  readonly #latencies: Float64Array;
  readonly #lateness: Float64Array;
  #clients: BareClient[] = [];
  #sent = 0;
  #answered = 0;
  #startMs = 0;
  readonly #measuredFrom: number;
  #cpuBefore: NodeJS.CpuUsage = { user: 0, system: 0 };
  #finish: (error: Error | null) => void = () => {};

  constructor(order: OpenLoopOrder) {
    this.#order = order;
    const { command, keyCount, valueBytes } = order;
    const requests = Array.from({ length: keyCount }, (_, key) => requestOf(command, key, valueBytes));
    this.#requests = Buffer.from(requests.join(""));
    this.#requestBytes = this.#requests.length / keyCount;
    const reply = command === "GET" ? `$${valueBytes}\r\n${valueText(valueBytes)}\r\n` : "+OK\r\n";
    this.#replyBytes = reply.length;
    this.#replyFirst = reply.charCodeAt(0);
    this.#arrivals = arrivalsMs(order);
    const random = fractionsFrom(order.seed + 1);
    this.#keys = Uint32Array.from(this.#arrivals, () => Math.floor(random() * keyCount));
    this.#latencies = new Float64Array(this.#arrivals.length);
    this.#lateness = new Float64Array(this.#arrivals.length);
    this.#measuredFrom = this.#arrivals.findIndex((atMs) => atMs >= order.warmUpSeconds * 1000);
  }

  async run(): Promise<OpenLoopResult> {
    try {
      this.#clients = await openClients(this.#order.clients, () => this.#open());
      await this.#fill();
      Bun.gc(true);
      await this.#sendAll();
      return this.#result();
    } finally {
      for (const client of this.#clients) client.drop();
    }
  }

  async #open(): Promise<BareClient> {
    const client = new BareClient();
    await client.open(this.#order.endpoint);
    return client;
  }

  /** Every key exists, with a value of the one length. */
  async #fill(): Promise<void> {
    const { keyCount, valueBytes } = this.#order;
    for (let first = 0; first < keyCount; first += fillBatch) {
      const count = Math.min(fillBatch, keyCount - first);
      const sets = Array.from({ length: count }, (_, at) => requestOf("SET", first + at, valueBytes));
      await this.#clients[0]?.exchange(sets.join(""), "+OK\r\n".repeat(count));
    }
  }

  async #sendAll(): Promise<void> {
    const { promise: finished, resolve, reject } = Promise.withResolvers<void>();
    this.#finish = (error) => (error === null ? resolve() : reject(error));
    this.#clients.forEach((client, index) => {
      client.onLost = reject;
      client.onData = (bytes) => this.#onReplies(client, index, bytes);
    });
    const clock = new Worker(new URL("./wake-up.ts", import.meta.url).href);
    clock.onmessage = () => this.#sendDue(performance.now() - this.#startMs);
    try {
      this.#startMs = performance.now();
      clock.postMessage(null);
      await within(this.#order.seconds * 1000 + graceMs, [finished]);
    } finally {
      clock.terminate();
    }
  }

  /** Hot. */
  #sendDue(nowMs: number): void {
    const arrivals = this.#arrivals;
    const bytes = this.#requestBytes;
    const clients = this.#clients;
    while (this.#sent < arrivals.length && (arrivals[this.#sent] as number) <= nowMs) {
      const request = this.#sent++;
      if (request === this.#measuredFrom) this.#cpuBefore = process.cpuUsage();
      this.#lateness[request] = nowMs - (arrivals[request] as number);
      const client = clients[request % clients.length] as BareClient;
      if (!client.send(this.#requests, (this.#keys[request] as number) * bytes, bytes))
        this.#finish(new Error("the target does not take requests as fast as they are to be sent"));
    }
  }

  /** Hot. What has become due meanwhile goes out first: replies wake the generator more often than its clock does. */
  #onReplies(client: BareClient, index: number, bytes: Buffer): void {
    const nowMs = performance.now() - this.#startMs;
    this.#sendDue(nowMs);
    const length = this.#replyBytes;
    const before = client.received;
    const after = before + bytes.length;
    client.received = after;
    for (let reply = Math.ceil(before / length); reply * length < after; reply++) {
      if (bytes[reply * length - before] !== this.#replyFirst)
        return this.#finish(new Error(`unexpected answer: ${bytes.toString("latin1", 0, 80)}`));
    }
    for (let reply = Math.floor(before / length); (reply + 1) * length <= after; reply++) {
      const request = index + reply * this.#clients.length;
      this.#latencies[request] = nowMs - (this.#arrivals[request] as number);
      if (++this.#answered === this.#arrivals.length) this.#finish(null);
    }
  }

  #result(): OpenLoopResult {
    const { user, system } = process.cpuUsage(this.#cpuBefore);
    const latencies = this.#latencies.subarray(this.#measuredFrom).sort();
    const lateness = this.#lateness.subarray(this.#measuredFrom).sort();
    return {
      measured: latencies.length,
      p50Ms: quantileOfSorted(latencies, 0.5),
      p99Ms: quantileOfSorted(latencies, 0.99),
      p999Ms: quantileOfSorted(latencies, 0.999),
      lateP50Ms: quantileOfSorted(lateness, 0.5),
      lateP99Ms: quantileOfSorted(lateness, 0.99),
      cpuMicrosPerRequest: (user + system) / latencies.length,
    };
  }
}

function valueText(bytes: number): string {
  return "x".repeat(bytes);
}

/** Of one length for every key. */
function requestOf(command: "GET" | "SET", key: number, valueBytes: number): string {
  const name = `key:${String(key).padStart(12, "0")}`;
  return encode(command === "GET" ? ["GET", name] : ["SET", name, valueText(valueBytes)]);
}

await obeyOrders<OpenLoopOrder>((order) => new OpenLoop(order).run());
