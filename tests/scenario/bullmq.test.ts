/** A real job queue: BullMQ needs Lua, streams, blocking commands, and scripts that survive a reconnect. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Queue, QueueEvents, Worker } from "bullmq";
import { CacheAccess } from "../fixture/cache-access.ts";
import { startService, type TestService } from "../fixture/service.ts";
import { until } from "../fixture/until.ts";

let service: TestService;
let cache: CacheAccess;

beforeAll(async () => {
  service = await startService();
  const properties = { redisConfiguration: { "maxmemory-policy": "noeviction" } };
  cache = await CacheAccess.of(service, await service.createCache("jobs", properties));
}, 60_000);
afterAll(() => service?.stop(), 30_000);

test("300 jobs with delays, retries and priorities are each done exactly once", async () => {
  const connection = { ...cache.ioredisOptions(), maxRetriesPerRequest: null };
  const queue = new Queue<{ number: number }>("orders", { connection });
  const events = new QueueEvents("orders", { connection });
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
  const completedEvents = new Set<string>();
  events.on("completed", ({ jobId }) => completedEvents.add(jobId));

  const done = new Map<number, number>();
  const worker = new Worker<{ number: number }>(
    "orders",
    async (job) => {
      const { number } = job.data;
      if (number % 10 === 0 && job.attemptsMade === 0) throw new Error("the first try fails");
      done.set(number, (done.get(number) ?? 0) + 1);
    },
    { connection, concurrency: 20 },
  );
  await queue.addBulk(
    Array.from({ length: 300 }, (_, number) => ({
      name: "order",
      data: { number },
      opts: {
        attempts: 3,
        ...(number % 3 === 0 ? { delay: 20 + number } : {}),
        ...(number % 3 === 1 ? { priority: 1 + (number % 7) } : {}),
      },
    })),
  );
  await until("every job is completed", async () => (await queue.getCompletedCount()) === 300, 30_000);
  await until("every completion was announced", () => completedEvents.size === 300);
  expect([...done.values()].every((times) => times === 1)).toBeTrue();
  expect(done.size).toBe(300);
  expect(await queue.getJobCounts("waiting", "active", "delayed", "prioritized", "failed")).toEqual({
    waiting: 0,
    active: 0,
    delayed: 0,
    prioritized: 0,
    failed: 0,
  });
  await Promise.all([worker.close(), events.close(), queue.close()]);
}, 60_000);

test("priorities decide the order", async () => {
  const connection = { ...cache.ioredisOptions(), maxRetriesPerRequest: null };
  const queue = new Queue<{ priority: number }>("ordered", { connection });
  const priorities = [5, 1, 4, 2, 3];
  for (const priority of priorities) await queue.add("job", { priority }, { priority });
  const order: number[] = [];
  const worker = new Worker<{ priority: number }>("ordered", async (job) => void order.push(job.data.priority), {
    connection,
    concurrency: 1,
  });
  await until("every job is done", () => order.length === priorities.length);
  expect(order).toEqual([1, 2, 3, 4, 5]);
  await Promise.all([worker.close(), queue.close()]);
}, 30_000);
