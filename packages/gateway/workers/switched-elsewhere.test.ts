import { expect, test } from "bun:test";
import { systemClock } from "@larder/service";
import { counters } from "../metrics.ts";
import { switchedElsewhere } from "./switched-elsewhere.ts";
import type { WorkerBus } from "./worker-bus.ts";

const move = { cacheId: "shop", moveId: "move" };

/** Workers that answer so, one time after the other, and in the end always the last. */
function workersThat(answers: boolean[][]) {
  const asked: unknown[] = [];
  const ask = (question: unknown) => {
    asked.push(question);
    return Promise.resolve(answers.length > 1 ? answers.shift() : answers[0]);
  };
  return { workers: { ask } as unknown as WorkerBus, asked };
}

test("a worker goes on once all others hear the target", async () => {
  const late = counters.larder_gateway_worker_switches_late_total;
  const { workers, asked } = workersThat([
    [false, false],
    [true, false],
    [true, true],
  ]);
  await switchedElsewhere(move, workers, systemClock);
  expect(asked).toEqual(Array.from({ length: 3 }, () => ({ kind: "switched", ...move })));
  expect(counters.larder_gateway_worker_switches_late_total).toBe(late);
});

test("a worker alone goes on at once", async () => {
  const { workers, asked } = workersThat([[]]);
  await switchedElsewhere(move, workers, systemClock);
  expect(asked).toHaveLength(1);
});

test("one that does not come along is not waited for without end", async () => {
  const late = counters.larder_gateway_worker_switches_late_total;
  await switchedElsewhere(move, workersThat([[false]]).workers, systemClock);
  const hangs = { ask: () => new Promise<never>(() => {}) };
  await switchedElsewhere(move, hangs, systemClock);
  expect(counters.larder_gateway_worker_switches_late_total).toBe(late + 2);
});
