/** All clients of a bridge: their number, and one clock for their heartbeats and their stalls, which runs while there are any. */
import { metrics, type UpDownCounter } from "@opentelemetry/api";

export interface BridgeClient {
  /** Called each heartbeat. */
  beat(): void;
  close(): void;
}

let openClients: UpDownCounter | undefined;

function clientCounter(): UpDownCounter {
  openClients ??= metrics
    .getMeter("@larder/client")
    .createUpDownCounter("larder.client.bridge.clients", { description: "Browsers connected to bridges." });
  return openClients;
}

export class BridgeClients {
  readonly #max: number;
  readonly #heartbeatMs: number;
  readonly #all = new Set<BridgeClient>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(max: number, heartbeatMs: number) {
    this.#max = max;
    this.#heartbeatMs = heartbeatMs;
  }

  get count(): number {
    return this.#all.size;
  }

  get isFull(): boolean {
    return this.#all.size >= this.#max;
  }

  add(client: BridgeClient): void {
    this.#all.add(client);
    clientCounter().add(1);
    this.#timer ??= setInterval(() => this.#beat(), this.#heartbeatMs);
  }

  delete(client: BridgeClient): void {
    if (!this.#all.delete(client)) return;
    clientCounter().add(-1);
    if (this.#all.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  closeAll(): void {
    for (const client of [...this.#all]) client.close();
  }

  #beat(): void {
    for (const client of [...this.#all]) client.beat();
  }
}
