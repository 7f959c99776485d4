import { expect, test } from "bun:test";
import type { AgentOrder, NodeId } from "@larder/api";
import { type Clock, systemRandomness } from "@larder/service";
import { Orders, type OrderWish } from "./orders.ts";

const wish: OrderWish = { nodeId: "node" as NodeId, runId: "life", kind: "flush" };

/** A clock whose sleeps end when the test says so, or when they are aborted. */
function handClock() {
  const sleeping = new Set<() => void>();
  const clock: Clock = {
    nowMs: () => 0,
    monotonicMs: () => 0,
    sleep: (_, signal) =>
      new Promise((resolve) => {
        const done = () => {
          sleeping.delete(done);
          resolve();
        };
        sleeping.add(done);
        signal?.addEventListener("abort", done);
      }),
  };
  const ring = () => {
    for (const wake of [...sleeping]) wake();
  };
  return { clock, ring, sleeping };
}

function setUp() {
  const hand = handClock();
  const orders = new Orders({ clock: hand.clock, randomness: systemRandomness });
  const said: AgentOrder[] = [];
  const open = () => orders.opened("host", (message) => "order" in message && said.push(message.order));
  return { ...hand, orders, said, open };
}

test("an order is said at once and ends with its answer", async () => {
  const { orders, said, open, sleeping } = setUp();
  open();
  const first = orders.give("host", wish, 100);
  const second = orders.give("host", { ...wish, kind: "publish", channel: "c", message: "m" }, 100);
  expect(said.map(({ kind }) => kind)).toEqual(["flush", "publish"]);
  for (const order of said.toReversed()) orders.answered({ orderId: order.orderId, error: null, offset: null });
  expect((await first).orderId).toBe(said[0]!.orderId);
  expect((await second).orderId).toBe(said[1]!.orderId);
  expect(sleeping.size).toBe(0);
});

test("an agent that is not connected gets none", async () => {
  const { orders, open } = setUp();
  await expect(orders.give("host", wish, 100)).rejects.toMatchObject({ wasSaid: false });
  open()();
  await expect(orders.give("host", wish, 100)).rejects.toMatchObject({ wasSaid: false });
});

test("the end of the stream ends its orders", async () => {
  const { orders, open } = setUp();
  const end = open();
  const given = orders.give("host", wish, 100);
  end();
  await expect(given).rejects.toMatchObject({ wasSaid: true, message: expect.stringContaining("was lost") });
});

test("time ends an order, and a late answer is dropped", async () => {
  const { orders, said, open, ring } = setUp();
  open();
  const given = orders.give("host", wish, 100);
  ring();
  await expect(given).rejects.toMatchObject({ wasSaid: true, message: expect.stringContaining("100 ms") });
  orders.answered({ orderId: said[0]!.orderId, error: null, offset: null });
});

test("of two streams the newer is spoken to, and the older one's end loses nothing", async () => {
  const { orders, said, open } = setUp();
  const endOld = open();
  open();
  const given = orders.give("host", wish, 100);
  endOld();
  orders.answered({ orderId: said[0]!.orderId, error: null, offset: 7 });
  expect((await given).offset).toBe(7);
});
