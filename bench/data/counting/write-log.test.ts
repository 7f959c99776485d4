import { expect, test } from "bun:test";
import { WriteLog } from "./write-log.ts";

/** Counter, when it was due, when it was answered. */
function logOf(writes: readonly (readonly [number, number, number | null])[]): WriteLog {
  const log = new WriteLog();
  for (const [counter, dueMs, answeredMs] of writes) {
    log.add(counter, dueMs);
    if (answeredMs !== null) log.acknowledge(log.length - 1, answeredMs);
  }
  return log;
}

const writes = [
  [7, 0, 1],
  [7, 10, 12],
  [8, 20, 21],
  [7, 30, null],
  [8, 40, 44],
] as const;

test("what was acknowledged and is not there is lost, since the first of it", () => {
  const found = new Map([
    [7, 0],
    [8, 1],
  ]);
  expect(logOf(writes).compare(found)).toEqual({ counters: 2, acknowledged: 4, lost: 3, doubled: 0, lostSinceMs: 1 });
});

test("what nobody answered may be there or not; more than that was done twice", () => {
  const log = logOf(writes);
  for (const [value, doubled] of [
    [2, 0],
    [3, 0],
    [4, 1],
  ] as const)
    expect(log.compare(new Map([[7, value]]))).toMatchObject({ lost: 0, doubled, lostSinceMs: null });
});

test("latencies count from when a write was due, and without an answer until the end", () => {
  expect(logOf(writes).latency(10, 40)).toEqual({ count: 3, p50Ms: 2, p99Ms: expect.any(Number), maxMs: 10 });
});
