/** Queues beside BullMQ, and what becomes of messages when consumers are killed. */

import { connect } from "@larder/client";
import { createQueue } from "@larder/client/messaging";
import { createClient } from "redis";
import { randomFrom, testSeed } from "../../tests/fixture/seed.ts";
import { until } from "../../tests/fixture/until.ts";
import { atLeast, exactly } from "./client-goals.ts";
import { NodeProgram } from "./node-program.ts";
import type { Figure, Part, PartContext } from "./part.ts";

const contenders = ["larder", "bullmq"] as const;
const inFlight = 64;

export const queueRate: Part = async (context) => {
  const rounds = context.isQuick ? 3 : 7;
  const count = context.isQuick ? 5_000 : 20_000;
  const rates = new Map(contenders.map((name): [string, number[]] => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const name of round % 2 === 0 ? contenders : [...contenders].reverse()) {
      context.signal.throwIfAborted();
      await using program = new NodeProgram("queues.mjs", [name, context.url]);
      const { perSecond } = await program.ask<{ perSecond: number }>("rate", { count, inFlight });
      rates.get(name)?.push(perSecond);
    }
  const figures = [...rates].map(([contender, values]): Figure => {
    const value = Math.round([...values].sort((one, other) => one - other)[values.length >> 1] ?? 0);
    return { what: "messages added and processed", contender, value, unit: "/s" };
  });
  return { figures, goals: [atLeast("queue", rates, ["larder", "bullmq"], 3)] };
};

const consumers = 3;
const messages = 5_000;

/** Messages come all the time; one of three consumers is killed every now and then, and another started. */
export const queueKills: Part = async ({ url, isQuick, signal }: PartContext) => {
  const kills = isQuick ? 10 : 50;
  const random = randomFrom(testSeed);
  const server = connect(url);
  const queue = createQueue<{ id: number }>("kills", { server, lease: "2s", retries: 1_000 });
  const start = () => new NodeProgram("queue-consumer.mjs", [url]);
  const running = Array.from({ length: consumers }, start);
  const client = createClient({ url });
  await client.connect();
  try {
    const adding = addAll(queue, kills);
    for (let kill = 0; kill < kills; kill++) {
      signal.throwIfAborted();
      await Bun.sleep(50 + random(200));
      const at = random(consumers);
      await running[at]?.kill();
      running[at] = start();
    }
    const added = await adding;
    const done = async () => (await client.hLen("{kills}:effects")) >= added;
    await until("all messages are done", done, 120_000).catch(() => {});
    const effects = Object.values(await client.hGetAll("{kills}:effects")).map(Number);
    const lost = added - effects.length;
    const doubled = effects.filter((count) => count > 1).length;
    const what = `of ${added} messages, with ${kills} consumers killed`;
    return {
      figures: [
        { what: `lost, ${what}`, contender: "larder", value: lost, unit: "" },
        { what: `doubled effects, ${what}`, contender: "larder", value: doubled, unit: "" },
      ],
      goals: [exactly("queue", "messages lost", lost, 0), exactly("queue", "doubled effects", doubled, 0)],
    };
  } finally {
    for (const program of running) await program.kill();
    client.destroy();
    server.close();
  }
};

async function addAll(queue: { add(payload: { id: number }): Promise<unknown> }, kills: number): Promise<number> {
  const pauseMs = (kills * 150) / (messages / 50);
  for (let id = 0; id < messages; id += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, index) => queue.add({ id: id + index })));
    await Bun.sleep(pauseMs);
  }
  return messages;
}
