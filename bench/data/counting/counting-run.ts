/**
 * Clients that count (INCR), each on a counter that chance draws, at a fixed rate whether or not answers come, as
 * open-loop-clients.ts does it. Writes go round the connections, and replies of a connection come in order, so the n-th line on
 * connection c belongs to write c + n · clients.
 */
import { BareClient, openClients } from "../../bare-client.ts";
import { fractionsFrom } from "../../latency/arrivals.ts";
import { numberedKey } from "../small-keys.ts";
import type { CountingPlan } from "./counting-orders.ts";
import type { WriteLog } from "./write-log.ts";

const newline = 10;
const colon = 58;

interface Connection {
  client: BareClient;
  /** Lines that came. */
  lines: number;
  isAtLineStart: boolean;
  isError: boolean;
  isLost: boolean;
}

export class CountingRun {
  problem: string | null = null;
  firstAnsweredMs: number | null = null;
  readonly #plan: CountingPlan;
  readonly #log: WriteLog;
  readonly #first: number;
  readonly #random: () => number;
  readonly #request: Buffer;
  readonly #digitsEnd: number;
  #connections: Connection[] = [];
  #clock: Worker | null = null;
  #nextDueMs = 0;

  constructor(plan: CountingPlan, log: WriteLog) {
    this.#plan = plan;
    this.#log = log;
    this.#first = log.length;
    this.#random = fractionsFrom(plan.seed + log.length);
    const key = numberedKey(plan.prefix, 0);
    this.#request = Buffer.from(`*2\r\n$4\r\nINCR\r\n$${key.length}\r\n${key}\r\n`);
    this.#digitsEnd = this.#request.length - 2;
  }

  async start(): Promise<void> {
    const clients = await openClients(this.#plan.clients, async () => {
      const client = new BareClient();
      await client.open(this.#plan.endpoint);
      return client;
    });
    this.#connections = clients.map((client) => ({
      client,
      lines: 0,
      isAtLineStart: true,
      isError: false,
      isLost: false,
    }));
    for (const [index, connection] of this.#connections.entries()) {
      connection.client.onData = (bytes) => this.#onReplies(connection, index, bytes);
      connection.client.onLost = (error) => this.#lose(connection, error.message);
    }
    this.#nextDueMs = performance.now();
    this.#clock = new Worker(new URL("../../latency/wake-up.ts", import.meta.url).href);
    this.#clock.onmessage = () => this.#sendDue();
    this.#clock.postMessage(null);
  }

  stop(): void {
    this.#clock?.terminate();
    for (const { client } of this.#connections) client.drop();
    this.#connections = [];
  }

  /** Hot. */
  #sendDue(): void {
    const nowMs = performance.now();
    const connections = this.#connections;
    while (connections.length > 0 && this.#nextDueMs <= nowMs) {
      const counter = Math.floor(this.#random() * this.#plan.counters);
      const write = this.#log.length - this.#first;
      this.#log.add(counter, this.#nextDueMs);
      this.#nextDueMs -= (1_000 / this.#plan.writesPerSecond) * Math.log(1 - this.#random());
      const connection = connections[write % connections.length] as Connection;
      if (connection.isLost) continue;
      this.#name(counter);
      if (!connection.client.send(this.#request, 0, this.#request.length))
        this.#lose(connection, "the server takes no requests");
    }
  }

  /** Hot. Writes the counter's number into the request. */
  #name(counter: number): void {
    let rest = counter;
    for (let at = this.#digitsEnd - 1; this.#request[at] !== colon; at--) {
      this.#request[at] = 48 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
  }

  /** Hot. What has become due meanwhile goes out first. */
  #onReplies(connection: Connection, index: number, bytes: Buffer): void {
    this.#sendDue();
    const nowMs = performance.now();
    for (let at = 0; at < bytes.length; at++) {
      if (connection.isAtLineStart) {
        connection.isError = bytes[at] !== colon;
        if (connection.isError) this.problem ??= bytes.toString("latin1", at, at + 100).trim();
      }
      connection.isAtLineStart = bytes[at] === newline;
      if (!connection.isAtLineStart) continue;
      const write = index + connection.lines++ * this.#connections.length;
      if (connection.isError) continue;
      this.firstAnsweredMs ??= nowMs;
      this.#log.acknowledge(this.#first + write, nowMs);
    }
  }

  #lose(connection: Connection, problem: string): void {
    if (connection.isLost) return;
    connection.isLost = true;
    this.problem ??= problem;
    connection.client.drop();
  }
}
