import { expect, test } from "bun:test";
import type { ClientConnection } from "../client/client-connection.ts";
import { limits } from "../limits.ts";
import { counters } from "../metrics.ts";
import { DeliveryQueue } from "./delivery-queue.ts";

/** Takes down what each client gets, all in one list. */
function clients(count: number, got: string[]): Set<ClientConnection> {
  return new Set(
    Array.from({ length: count }, (_, index) => {
      const client = { protocol: 3, push: (bytes: Buffer) => got.push(`${index}:${bytes}`) };
      return client as unknown as ClientConnection;
    }),
  );
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const message = (text: string) => Buffer.from(`>${text}`);

function send(queue: DeliveryQueue, members: Set<ClientConnection>, text: string): void {
  const bytes = message(text);
  queue.message(members, bytes, 0, bytes.length);
}

test("messages and what stands between them come in their order", () => {
  const got: string[] = [];
  const queue = new DeliveryQueue();
  const [few, many] = [clients(1, got), clients(2, got)];
  send(queue, few, "a");
  send(queue, many, "b");
  queue.behind(() => got.push("joined"));
  send(queue, many, "c");
  send(queue, many, "d");
  queue.run();
  expect(got).toEqual(["0:>a", "0:>b", "1:>b", "joined", "0:>c>d", "1:>c>d"]);
});

test("very many clients are served in portions, and what comes meanwhile becomes one write", async () => {
  const got: string[] = [];
  const queue = new DeliveryQueue();
  const members = clients(limits.fanOutWritesPerTurn + 1, got);
  send(queue, members, "a");
  queue.run();
  expect(got).toHaveLength(limits.fanOutWritesPerTurn);
  send(queue, members, "b");
  send(queue, members, "c");
  queue.behind(() => got.push("joined"));
  queue.run();
  expect(got).toHaveLength(limits.fanOutWritesPerTurn);
  while (got.at(-1) !== "joined") await turn();
  const last = `${limits.fanOutWritesPerTurn}:`;
  expect(got.filter((text) => text.startsWith(last))).toEqual([`${last}>a`, `${last}>b>c`]);
  expect(got).toHaveLength(members.size * 2 + 1);
});

test("who leaves in the middle of a message gets none of the rest", async () => {
  const got: string[] = [];
  const queue = new DeliveryQueue();
  const members = clients(limits.fanOutWritesPerTurn + 2, got);
  send(queue, members, "a");
  queue.run();
  members.delete([...members].at(-1) as ClientConnection);
  await turn();
  await turn();
  expect(got).toHaveLength(members.size);
});

test("past the bound it does not give way", () => {
  let writes = 0;
  const queue = new DeliveryQueue();
  const client = () => ({ protocol: 3, push: () => writes++ }) as unknown as ClientConnection;
  const members = new Set([client(), client(), client()]);
  const before = counters.larder_gateway_fan_out_behind_total;
  send(queue, members, "x".repeat(limits.fanOutQueueBytesMax + 1));
  queue.run();
  expect(writes).toBe(members.size);
  expect(counters.larder_gateway_fan_out_behind_total).toBeGreaterThan(before);
});
