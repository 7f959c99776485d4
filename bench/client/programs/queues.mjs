/** `node queues.mjs QUEUE URL`: messages added and processed a second, by one process that does both. */
import { connect } from "@larder/client";
import { createQueue } from "@larder/client/messaging";
import { serve } from "./serve.mjs";

const [name, url] = process.argv.slice(2);
const concurrency = 64;
const order = { customer: "c-4711", items: [{ sku: "shoe-1", quantity: 1 }], total: 89.9, note: "x".repeat(120) };

/** Each adds one by one, so many at once; `onMessage` is called for each that is processed. */
const queues = {
  async larder(onMessage) {
    const queue = createQueue("bench", { server: connect(url) });
    const consumer = queue.process(async () => onMessage(), { concurrency });
    return { add: () => queue.add(order), stop: () => consumer.stop({ timeout: "5s" }) };
  },
  async bullmq(onMessage) {
    const { Queue, Worker } = await import("bullmq");
    const { Redis } = await import("ioredis");
    const defaultJobOptions = { removeOnComplete: true, attempts: 5, backoff: { type: "exponential", delay: 1_000 } };
    const queue = new Queue("bench", { connection: new Redis(url, { maxRetriesPerRequest: null }), defaultJobOptions });
    const worker = new Worker("bench", async () => onMessage(), {
      connection: new Redis(url, { maxRetriesPerRequest: null }),
      concurrency,
    });
    return {
      add: () => queue.add("order", order),
      async stop() {
        await worker.close();
        await queue.close();
      },
    };
  },
};

serve({
  async rate({ count, inFlight }) {
    let processed = 0;
    let finish;
    const finished = new Promise((resolve) => {
      finish = resolve;
    });
    let wanted = Number.POSITIVE_INFINITY;
    const queue = await queues[name](() => {
      if (++processed === wanted) finish();
    });
    await queue.add();
    while (processed < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    wanted = processed + count;
    const startMs = performance.now();
    let added = 0;
    const adder = async () => {
      while (added++ < count) await queue.add();
    };
    await Promise.all(Array.from({ length: inFlight }, adder));
    await finished;
    const perSecond = (count / (performance.now() - startMs)) * 1_000;
    await queue.stop();
    return { perSecond, loads: 0 };
  },
});
