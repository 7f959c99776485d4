import { expect, test } from "bun:test";
import type { Change } from "./change.ts";
import { FeedQueue } from "./feed-queue.ts";
import type { ChangeBatch, FeedItem } from "./source.ts";

const change: Change = { table: "t", kind: "truncate", row: null, old: null, position: "0", committedAtMs: 0 };

function batch(count: number, position: string | null, committedMs = 0): ChangeBatch {
  return { kind: "changes", changes: new Array(count).fill(change), position, committedMs };
}

async function take(queue: FeedQueue, count: number): Promise<FeedItem[]> {
  const taken: FeedItem[] = [];
  for await (const item of queue.items()) if (taken.push(item) === count) break;
  return taken;
}

function makeQueue(changesMax = 10) {
  const calls: string[] = [];
  const queue = new FeedQueue({ changesMax, pause: () => calls.push("pause"), resume: () => calls.push("resume") });
  return { queue, calls };
}

test("transactions that wait leave together, up to the limit; parts of one do not", async () => {
  const { queue } = makeQueue();
  for (const item of [batch(2, "1", 5), batch(3, "2", 7), batch(6, null), batch(1, "3"), batch(1, "4")])
    queue.push(item);
  expect(queue.waiting).toEqual({ changes: 13, sinceMs: 5 });
  const shapes = (await take(queue, 3)).map(
    (item) => item.kind === "changes" && [item.changes.length, item.position, item.committedMs],
  );
  expect(shapes).toEqual([
    [5, "2", 5],
    [6, null, 0],
    [2, "4", 0],
  ]);
  expect(queue.waiting).toEqual({ changes: 0, sinceMs: undefined });
});

test("progress moves the position of what waits, and never that of a transaction's part", async () => {
  const { queue } = makeQueue();
  queue.push(batch(1, "1"));
  queue.push({ kind: "progress", position: "2" });
  queue.push(batch(1, null));
  queue.push({ kind: "progress", position: "3" });
  queue.push({ kind: "progress", position: "4" });
  expect((await take(queue, 3)).map((item) => item.position)).toEqual(["2", null, "4"]);
});

test("the connection pauses while too much waits", async () => {
  const { queue, calls } = makeQueue(4);
  for (const position of ["1", "2"]) queue.push(batch(3, position));
  expect(calls).toEqual(["pause"]);
  await take(queue, 2);
  expect(calls).toEqual(["pause", "resume"]);
});

test("a feed that is lost ends at once, with why; what waits comes again", async () => {
  const { queue } = makeQueue();
  queue.push(batch(1, "1"));
  queue.fail(new Error("lost"));
  await expect(take(queue, 1)).rejects.toThrow("lost");
});
