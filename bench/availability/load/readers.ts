/** Clients that read a value that never changes. Anything else than that value is a failed read. */
import { LoadClient } from "./load-client.ts";
import type { LoadTarget } from "./load-target.ts";
import type { RoleLoad } from "./role-load.ts";
import { ratesPerSecond } from "./roles.ts";
import { Steady } from "./steady.ts";

const key = "kept";
const value = "since the beginning";

export class Readers implements RoleLoad {
  readonly #clients: LoadClient[];
  readonly #steady = new Steady();

  constructor(target: LoadTarget, count: number) {
    this.#clients = Array.from({ length: count }, () => new LoadClient(target, "reader"));
  }

  async open(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.connected()));
    await this.#clients[0]?.ask("SET", key, value);
  }

  start(): void {
    this.#steady.start(this.#clients.length, ratesPerSecond.readers, (index) => this.#read(index));
  }

  async #read(index: number): Promise<void> {
    const client = this.#clients[index] as LoadClient;
    try {
      const got = await client.ask("GET", key);
      if (got === value) return client.log.read();
      client.log.failed("reader", got === null ? "the key is missing" : "another value");
    } catch {}
    client.log.failedToRead();
  }

  stop(): Promise<void> {
    return this.#steady.stop();
  }

  async finish(): Promise<object> {
    for (const client of this.#clients) client.close();
    return {};
  }
}
