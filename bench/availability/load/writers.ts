/** Clients that count, each on a counter of its own. */
import { CounterLedger } from "./counter-ledger.ts";
import { finalNumber } from "./final-number.ts";
import { LoadClient } from "./load-client.ts";
import type { LoadTarget } from "./load-target.ts";
import type { LoadReport } from "./orders.ts";
import type { RoleLoad } from "./role-load.ts";
import { ratesPerSecond } from "./roles.ts";
import { Steady } from "./steady.ts";

interface Writer {
  client: LoadClient;
  ledger: CounterLedger;
  key: string;
}

export class Writers implements RoleLoad {
  readonly #writers: Writer[];
  readonly #steady = new Steady();

  constructor(target: LoadTarget, count: number) {
    this.#writers = Array.from({ length: count }, (_, index) => ({
      client: new LoadClient(target, "writer"),
      ledger: new CounterLedger(),
      key: `counter:${index}`,
    }));
  }

  async open(): Promise<void> {
    await Promise.all(this.#writers.map(({ client, key }) => client.ask("DEL", key)));
  }

  start(): void {
    this.#steady.start(this.#writers.length, ratesPerSecond.writers, (index) => this.#write(index));
  }

  async #write(index: number): Promise<void> {
    const { client, ledger, key } = this.#writers[index] as Writer;
    await client.connected();
    const sentMs = performance.now();
    try {
      ledger.acknowledge(Number(await client.ask("INCR", key)));
      client.log.wrote(index, sentMs, performance.now());
    } catch {
      ledger.fail();
      client.log.failedToWrite(index);
    }
  }

  stop(): Promise<void> {
    return this.#steady.stop();
  }

  async finish(): Promise<Pick<LoadReport, "lost" | "doubled">> {
    await Promise.all(
      this.#writers.map(async ({ client, ledger, key }) => ledger.read(await finalNumber(client, key))),
    );
    for (const { client } of this.#writers) client.close();
    const sum = (of: "lost" | "doubled") => this.#writers.reduce((all, { ledger }) => all + ledger[of], 0);
    return { lost: sum("lost"), doubled: sum("doubled") };
  }
}
