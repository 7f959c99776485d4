/**
 * The process of the clients: they work from the opening to the closing, whatever happens in between, and events are
 * watched by the same clock that they count by.
 */
import { within } from "../../bare-client.ts";
import { obeyOrders } from "../../client-process.ts";
import { LoadLog } from "./load-log.ts";
import type { LoadTarget } from "./load-target.ts";
import { Messages } from "./messages.ts";
import type { EventReport, LoadOrder, LoadReport } from "./orders.ts";
import { Queues } from "./queues.ts";
import { Readers } from "./readers.ts";
import type { RoleLoad } from "./role-load.ts";
import { clientsOf, type Role } from "./roles.ts";
import { Transactions } from "./transactions.ts";
import { Watchers } from "./watchers.ts";
import { Writers } from "./writers.ts";

/** Writers that are not through by then are not waited for: the report says so. */
const eventTimeoutMs = 60_000;
/** A target that is not there by then, or does not come back, ends the run. */
const openTimeoutMs = 30_000;
const closeTimeoutMs = 60_000;

const loads: Record<Role, new (target: LoadTarget, count: number) => RoleLoad> = {
  writers: Writers,
  readers: Readers,
  subscribers: Messages,
  blocked: Queues,
  transactions: Transactions,
  watchers: Watchers,
};

class Clients {
  readonly #log = new LoadLog();
  readonly #loads: RoleLoad[];
  readonly #writers: number;
  #startMs = 0;

  constructor({ endpoint, clients, roles }: Extract<LoadOrder, { kind: "open" }>) {
    this.#writers = clientsOf("writers", clients);
    this.#loads = roles.map((role) => new loads[role]({ endpoint, log: this.#log }, clientsOf(role, clients)));
  }

  async open(): Promise<void> {
    for (const load of this.#loads) await load.open();
    this.#startMs = performance.now();
    for (const load of this.#loads) load.start();
  }

  begin({ signal, pids }: Extract<LoadOrder, { kind: "begin" }>): void {
    this.#log.beginEvent(performance.now());
    if (signal !== null) for (const pid of pids) process.kill(pid, signal);
  }

  async end(): Promise<EventReport> {
    const watch = this.#log.watch;
    if (watch === null) throw new Error("no event has begun");
    const deadlineMs = performance.now() + eventTimeoutMs;
    while (watch.writersThrough < this.#writers && performance.now() < deadlineMs) await Bun.sleep(5);
    this.#log.watch = null;
    return watch.report();
  }

  async close(): Promise<LoadReport> {
    await within(
      closeTimeoutMs,
      this.#loads.map((load) => load.stop()),
    );
    const seconds = (performance.now() - this.#startMs) / 1000;
    const { writes, reads, failedReads, reconnects, errors } = this.#log;
    const report: LoadReport = {
      ...{ seconds, writes, reads, failedReads, reconnects, errors: errors.all(), lost: 0, doubled: 0 },
      messages: { published: 0, missing: 0, twice: 0 },
      queued: { pushed: 0, missing: 0, twice: 0 },
      transactions: { done: 0, torn: 0 },
    };
    for (const load of this.#loads) {
      const { lost = 0, doubled = 0, ...part } = await load.finish();
      Object.assign(report, part, { lost: report.lost + lost, doubled: report.doubled + doubled });
    }
    return report;
  }
}

let opened: Clients | null = null;

function theOpened(): Clients {
  if (opened === null) throw new Error("no load is open");
  return opened;
}

await obeyOrders<LoadOrder>(async (order) => {
  switch (order.kind) {
    case "open":
      opened = new Clients(order);
      await within(openTimeoutMs, [opened.open()]);
      return {};
    case "begin":
      theOpened().begin(order);
      return {};
    case "end":
      return theOpened().end();
    case "close": {
      const report = await theOpened().close();
      opened = null;
      return report;
    }
  }
});
