/** Clients that count two counters in one MULTI … EXEC: both are counted, or neither is. */
import type { Reply } from "@larder/resp";
import { CounterLedger } from "./counter-ledger.ts";
import { finalNumber } from "./final-number.ts";
import { LoadClient } from "./load-client.ts";
import type { LoadTarget } from "./load-target.ts";
import type { LoadReport } from "./orders.ts";
import type { RoleLoad } from "./role-load.ts";
import { ratesPerSecond } from "./roles.ts";
import { Steady } from "./steady.ts";

interface Pair {
  client: LoadClient;
  one: string;
  other: string;
  ledger: CounterLedger;
  torn: number;
}

export class Transactions implements RoleLoad {
  readonly #pairs: Pair[];
  readonly #steady = new Steady();

  constructor(target: LoadTarget, count: number) {
    this.#pairs = Array.from({ length: count }, (_, index) => ({
      client: new LoadClient(target, "transaction"),
      one: `pair:${index}:one`,
      other: `pair:${index}:other`,
      ledger: new CounterLedger(),
      torn: 0,
    }));
  }

  async open(): Promise<void> {
    await Promise.all(this.#pairs.map(({ client, one, other }) => client.ask("DEL", one, other)));
  }

  start(): void {
    this.#steady.start(this.#pairs.length, ratesPerSecond.transactions, (index) =>
      this.#count(this.#pairs[index] as Pair),
    );
  }

  async #count(pair: Pair): Promise<void> {
    try {
      const replies = await pair.client.askAll([["MULTI"], ["INCR", pair.one], ["INCR", pair.other], ["EXEC"]]);
      const [one, other] = replies.at(-1) as Reply[];
      if (one !== other) pair.torn++;
      pair.ledger.acknowledge(Number(one));
    } catch {
      pair.ledger.fail();
    }
  }

  stop(): Promise<void> {
    return this.#steady.stop();
  }

  async finish(): Promise<Pick<LoadReport, "lost" | "doubled" | "transactions">> {
    for (const pair of this.#pairs) {
      const one = await finalNumber(pair.client, pair.one);
      if (one !== (await finalNumber(pair.client, pair.other))) pair.torn++;
      pair.ledger.read(one);
      pair.client.close();
    }
    const sum = (of: (pair: Pair) => number) => this.#pairs.reduce((all, pair) => all + of(pair), 0);
    return {
      lost: sum(({ ledger }) => ledger.lost),
      doubled: sum(({ ledger }) => ledger.doubled),
      transactions: { done: sum(({ ledger }) => ledger.acknowledged), torn: sum(({ torn }) => torn) },
    };
  }
}
