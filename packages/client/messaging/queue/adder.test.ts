import { expect, test } from "bun:test";
import type { Connection } from "../../connection/connection.ts";
import { Server } from "../../connection/server.ts";
import { Adder } from "./adder.ts";
import { queueSettings } from "./options.ts";

/** A server that answers a batch a while after it came: `answer` is given the number of messages in it. */
function adderOn(answer: (count: number) => string): { adder: Adder; counts: number[]; mostAtOnce: () => number } {
  const counts: number[] = [];
  let atOnce = 0;
  let most = 0;
  const ask = async (command: readonly unknown[]) => {
    const count = (command.length - 8) / 2;
    counts.push(count);
    most = Math.max(most, ++atOnce);
    await Bun.sleep(1);
    atOnce--;
    return answer(count);
  };
  const connection = { ask, isReady: true } as Partial<Connection> as Connection;
  const none = () => {
    throw new Error("not used");
  };
  const server = new Server({ connection: () => connection, tracking: none, subscriber: none });
  return { adder: new Adder(queueSettings("orders", { server })), counts, mostAtOnce: () => most };
}

test("adds of one turn go together, up to so many, and one batch at a time", async () => {
  const { adder, counts, mostAtOnce } = adderOn(() => "");
  const added = await Promise.all(Array.from({ length: 1_200 }, (_, index) => adder.add(`id${index}`, "3", "message")));
  expect(counts).toEqual([500, 500, 200]);
  expect(mostAtOnce()).toBe(1);
  expect(added[700]).toEqual({ id: "id700", isDuplicate: false });
});

test("and up to so many bytes, though a longer one goes alone", async () => {
  const { adder, counts } = adderOn(() => "");
  await Promise.all([2_000_000, 400_000, 400_000, 400_000].map((length) => adder.add("id", "3", "x".repeat(length))));
  expect(counts).toEqual([1, 2, 1]);
});

test("each is told what became of it", async () => {
  const { adder } = adderOn((count) =>
    JSON.stringify([
      [1, "same", "first"],
      [count - 1, "full"],
    ]),
  );
  const results = await Promise.allSettled([0, 1, 2].map((index) => adder.add(`id${index}`, "3", "message")));
  expect(results).toMatchObject([
    { value: { id: "id0", isDuplicate: false } },
    { value: { id: "first", isDuplicate: true } },
    { reason: { code: "QUEUE_FULL" } },
  ]);
});

test("more than may wait are refused at once", async () => {
  const { adder } = adderOn(() => "");
  const adds = Array.from({ length: 100_001 }, () => adder.add("id", "3", "message"));
  await expect(adds.pop()).rejects.toMatchObject({ code: "QUEUE_FULL" });
  await Promise.all(adds);
});
