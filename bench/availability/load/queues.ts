/** Clients that wait for elements of a queue of their own with BLPOP, and one client that pushes numbered elements to all. */
import { DeliveryLedger } from "./delivery-ledger.ts";
import { LoadClient } from "./load-client.ts";
import type { LoadTarget } from "./load-target.ts";
import type { LoadReport } from "./orders.ts";
import type { RoleLoad } from "./role-load.ts";
import { ratesPerSecond } from "./roles.ts";
import { Steady } from "./steady.ts";

/** What is queued at the end has so long to be taken. */
const lastElementsMs = 2_000;

interface Queue {
  key: string;
  client: LoadClient;
  ledger: DeliveryLedger;
  /** Acknowledged. */
  pushed: number[];
  next: number;
  /** Each of them may have taken an element whose number nobody got. */
  failedPops: number;
}

export class Queues implements RoleLoad {
  readonly #pusher: LoadClient;
  readonly #queues: Queue[];
  readonly #steady = new Steady();
  #isOver = false;
  #popping: Promise<void>[] = [];
  #turn = 0;

  constructor(target: LoadTarget, count: number) {
    this.#pusher = new LoadClient(target, "pusher");
    this.#queues = Array.from({ length: count }, (_, index) => ({
      key: `queue:${index}`,
      client: new LoadClient(target, "blocked"),
      ledger: new DeliveryLedger(),
      pushed: [],
      next: 0,
      failedPops: 0,
    }));
  }

  async open(): Promise<void> {
    await Promise.all(this.#queues.map(({ client, key }) => client.ask("DEL", key)));
    await this.#pusher.connected();
  }

  start(): void {
    this.#popping = this.#queues.map((queue) => this.#popAll(queue));
    this.#steady.start(1, ratesPerSecond.pusher, () => this.#push());
  }

  async #popAll(queue: Queue): Promise<void> {
    while (!this.#isOver) {
      try {
        const popped = await queue.client.askBlocking("BLPOP", queue.key, "0");
        if (Array.isArray(popped)) queue.ledger.receive(Number(popped[1]));
      } catch {
        queue.failedPops++;
      }
    }
  }

  async #push(): Promise<void> {
    const queue = this.#queues[this.#turn++ % this.#queues.length] as Queue;
    const number = queue.next++;
    try {
      await this.#pusher.ask("RPUSH", queue.key, String(number));
      queue.pushed.push(number);
    } catch {}
  }

  async stop(): Promise<void> {
    await this.#steady.stop();
    const deadlineMs = performance.now() + lastElementsMs;
    const isWaiting = () => this.#queues.some(({ ledger, pushed }) => ledger.missing(pushed.slice(-1)) > 0);
    while (isWaiting() && performance.now() < deadlineMs) await Bun.sleep(10);
  }

  async finish(): Promise<Pick<LoadReport, "queued">> {
    this.#isOver = true;
    for (const { client } of this.#queues) client.close();
    this.#pusher.close();
    await Promise.all(this.#popping);
    const sum = (of: (queue: Queue) => number) => this.#queues.reduce((all, queue) => all + of(queue), 0);
    return {
      queued: {
        pushed: sum(({ pushed }) => pushed.length),
        missing: sum(({ ledger, pushed, failedPops }) => Math.max(0, ledger.missing(pushed) - failedPops)),
        twice: sum(({ ledger }) => ledger.twice),
      },
    };
  }
}
