/** The process of counting clients: keeps the logs of their writes, and judges them. */
import { Redis } from "ioredis";
import { obeyOrders } from "../../client-process.ts";
import { numberedKey } from "../small-keys.ts";
import type { CountingAnswer, CountingOrder, Look } from "./counting-orders.ts";
import { CountingRun } from "./counting-run.ts";
import { type Kept, WriteLog } from "./write-log.ts";

const readAtOnce = 1_000;

interface Counted {
  log: WriteLog;
  run: CountingRun | null;
}

const all = new Map<string, Counted>();

function countedOf(name: string): Counted {
  const counted = all.get(name) ?? { log: new WriteLog(), run: null };
  all.set(name, counted);
  return counted;
}

await obeyOrders<CountingOrder>(async (order): Promise<CountingAnswer> => {
  const counted = countedOf(order.log);
  switch (order.order) {
    case "start":
      counted.run = new CountingRun(order, counted.log);
      await counted.run.start();
      return look(counted);
    case "stop":
      counted.run?.stop();
      return look(counted);
    case "look":
      return look(counted);
    case "latency":
      return counted.log.latency(order.fromMs, order.toMs);
    case "check":
      return check(counted.log, order);
  }
});

function look({ log, run }: Counted): Look {
  return {
    nowMs: performance.now(),
    firstAnsweredMs: run?.firstAnsweredMs ?? null,
    lastAnsweredMs: Number.isNaN(log.lastAnsweredMs) ? null : log.lastAnsweredMs,
    sent: log.length,
    problem: run?.problem ?? null,
  };
}

async function check(
  log: WriteLog,
  { endpoint, prefix, base }: Extract<CountingOrder, { order: "check" }>,
): Promise<Kept> {
  const login = endpoint.password === null ? {} : { password: endpoint.password };
  const reader = new Redis({ host: "127.0.0.1", port: endpoint.port, ...login });
  try {
    const found = new Map<number, number>();
    const counters = log.touched();
    for (let first = 0; first < counters.length; first += readAtOnce) {
      const some = counters.slice(first, first + readAtOnce);
      const values = await reader.mget(some.map((counter) => numberedKey(prefix, counter)));
      for (const [at, value] of values.entries()) found.set(some[at] as number, Number(value ?? base) - base);
    }
    return log.compare(found);
  } finally {
    reader.disconnect();
  }
}
