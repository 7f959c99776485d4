/** Clients that count with WATCH, GET and MULTI … EXEC. That EXEC does nothing is an answer, after which they try again. */
import { CounterLedger } from "./counter-ledger.ts";
import { finalNumber } from "./final-number.ts";
import { LoadClient } from "./load-client.ts";
import type { LoadTarget } from "./load-target.ts";
import type { LoadReport } from "./orders.ts";
import type { RoleLoad } from "./role-load.ts";
import { ratesPerSecond } from "./roles.ts";
import { Steady } from "./steady.ts";

interface Watcher {
  client: LoadClient;
  key: string;
  ledger: CounterLedger;
}

export class Watchers implements RoleLoad {
  readonly #watchers: Watcher[];
  readonly #steady = new Steady();

  constructor(target: LoadTarget, count: number) {
    this.#watchers = Array.from({ length: count }, (_, index) => ({
      client: new LoadClient(target, "watcher"),
      key: `watched:${index}`,
      ledger: new CounterLedger(),
    }));
  }

  async open(): Promise<void> {
    await Promise.all(this.#watchers.map(({ client, key }) => client.ask("DEL", key)));
  }

  start(): void {
    this.#steady.start(this.#watchers.length, ratesPerSecond.watchers, (index) =>
      this.#count(this.#watchers[index] as Watcher),
    );
  }

  async #count({ client, key, ledger }: Watcher): Promise<void> {
    let isWritten = false;
    try {
      const [, got] = await client.askAll([
        ["WATCH", key],
        ["GET", key],
      ]);
      const next = Number(got ?? 0) + 1;
      isWritten = true;
      const replies = await client.askAll([["MULTI"], ["SET", key, String(next)], ["EXEC"]]);
      if (replies.at(-1) !== null) ledger.acknowledge(next);
    } catch {
      if (isWritten) ledger.fail();
      else await client.ask("UNWATCH").catch(() => {});
    }
  }

  stop(): Promise<void> {
    return this.#steady.stop();
  }

  async finish(): Promise<Pick<LoadReport, "lost" | "doubled">> {
    for (const { client, key, ledger } of this.#watchers) {
      ledger.read(await finalNumber(client, key));
      client.close();
    }
    const sum = (of: "lost" | "doubled") => this.#watchers.reduce((all, { ledger }) => all + ledger[of], 0);
    return { lost: sum("lost"), doubled: sum("doubled") };
  }
}
