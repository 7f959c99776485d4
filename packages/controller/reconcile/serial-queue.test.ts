import { expect, test } from "bun:test";
import { type Clock, createLog, systemRandomness } from "@larder/service";
import { SerialQueue } from "./serial-queue.ts";

const clock: Clock = { nowMs: () => 0, monotonicMs: () => 0, sleep: () => Promise.resolve() };

function queue(run: (key: string) => Promise<void>, abort = new AbortController()) {
  return new SerialQueue(run, {
    clock,
    randomness: systemRandomness,
    log: createLog("test", "fatal"),
    signal: abort.signal,
  });
}

test("a key that is marked while it runs is run once more, however often it was marked", async () => {
  let runs = 0;
  const tasks = queue(async (key) => {
    if (runs++ > 0) return;
    for (let count = 0; count < 5; count++) tasks.mark(key);
  });
  tasks.mark("a");
  await tasks.idle();
  expect(runs).toBe(2);
});

test("one key never runs twice at a time, while others do", async () => {
  const running = new Set<string>();
  let most = 0;
  const tasks = queue(async (key) => {
    expect(running.has(key)).toBe(false);
    running.add(key);
    most = Math.max(most, running.size);
    await Promise.resolve();
    running.delete(key);
  });
  for (const key of ["a", "b", "a", "c", "b"]) tasks.mark(key);
  await tasks.idle();
  expect(most).toBe(3);
});

test("a task that throws is run again", async () => {
  let runs = 0;
  const tasks = queue(async () => {
    if (++runs < 3) throw new Error("not yet");
  });
  tasks.mark("a");
  await tasks.idle();
  expect(runs).toBe(3);
});

test("nothing runs after the end", async () => {
  const abort = new AbortController();
  let runs = 0;
  const tasks = queue(async () => {
    runs++;
  }, abort);
  abort.abort();
  tasks.mark("a");
  await tasks.idle();
  expect(runs).toBe(0);
});
