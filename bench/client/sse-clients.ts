/** Browsers that listen to a channel, all lose their connection at once, while messages go on. */
import { until } from "../../tests/fixture/until.ts";
import { exactly } from "./client-goals.ts";
import { NodeProgram } from "./node-program.ts";
import type { Part } from "./part.ts";

const clients = 1_000;
const cuts = 3;
/** Between two cuts, during which they are published one after the other. */
const messages = 200;

export const sseClients: Part = async ({ url, signal }) => {
  await using server = new NodeProgram("sse-server.mjs", [url]);
  await using browsers = new NodeProgram("sse-clients.mjs", [String(await server.ask<number>("port"))]);
  await browsers.ask("open", clients);
  await until("all listen", async () => (await server.ask<number>("clients")) === clients, 30_000);
  const resumedMs: number[] = [];
  let published = 0;
  for (let cut = 0; cut <= cuts; cut++) {
    signal.throwIfAborted();
    const publishing = server.ask("publish", { from: published, count: messages });
    if (cut > 0) await server.ask("cut");
    const cutMs = performance.now();
    await publishing;
    published += messages;
    await until("all have everything", async () => (await browsers.ask<number>("received")) >= published, 60_000);
    if (cut > 0) resumedMs.push(performance.now() - cutMs);
  }
  const wrong = await browsers.ask<number>("wrong");
  return {
    figures: [
      {
        what: `${clients} browsers cut off at once have every message after`,
        contender: "larder",
        value: Math.round(Math.max(...resumedMs)),
        unit: "ms",
      },
    ],
    goals: [exactly("bridge", `of ${clients} browsers, with messages missing, twice or out of order`, wrong, 0)],
  };
};
