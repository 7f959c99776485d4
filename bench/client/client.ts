/** `npm run bench client`: the client package beside the libraries that applications use instead, all on Node and one Valkey. */
import { createClient } from "redis";
import { startCacheServer } from "../../tests/fixture/cache-server.ts";
import { goalTables } from "../goal-tables.ts";
import { describeMachine, type Machine, machineText } from "../machine.ts";
import { writeResult } from "../result.ts";
import { type Choices, parsePartChoices } from "./choices.ts";
import { cutOff } from "./cut-off.ts";
import { followedDatabase } from "./followed-database.ts";
import { entryMemory, firstLevel, secondLevel } from "./hits.ts";
import manifest from "./package.json" with { type: "json" };
import type { Part, PartResult } from "./part.ts";
import { preparePrograms } from "./prepare.ts";
import { queueKills, queueRate } from "./queues.ts";
import { sessionStore } from "./session-store.ts";
import { races, staleness, stampede } from "./several-processes.ts";
import { sseClients } from "./sse-clients.ts";

const parts = {
  "first-level": firstLevel,
  "second-level": secondLevel,
  memory: entryMemory,
  stampede,
  races,
  "cut-off": cutOff,
  staleness,
  database: followedDatabase,
  sessions: sessionStore,
  queue: queueRate,
  kills: queueKills,
  bridge: sseClients,
} as const satisfies Record<string, Part>;

type PartName = keyof typeof parts;

export function parseChoices(args: readonly string[]): Choices<PartName> | undefined {
  return parsePartChoices(args, { bench: "client", all: Object.keys(parts) as PartName[] });
}

/** Whether all goals are met. */
export async function benchClient(choices: Choices<PartName>, signal: AbortSignal): Promise<boolean> {
  preparePrograms();
  const machine = await describeMachine([
    { name: "node", command: ["node", "--version"] },
    { name: "valkey-server", command: ["valkey-server", "--version"] },
  ]);
  const results: PartResult[] = [];
  const engine = await startCacheServer();
  try {
    for (const name of choices.parts) {
      signal.throwIfAborted();
      await empty(engine.url);
      console.error(`${name} …`);
      results.push(await parts[name]({ url: engine.url, isQuick: choices.isQuick, signal }));
    }
  } finally {
    await engine.stop();
  }
  const figures = results.flatMap((result) => result.figures);
  const goals = results.flatMap((result) => result.goals);
  const peers = manifest.dependencies;
  writeResult(choices.resultName, { machine, peers, goals, figures }, textOf({ figures, goals }, machine));
  return goals.every(({ isMet }) => isMet);
}

function textOf(result: PartResult, machine: Machine): string {
  const versions = Object.entries(manifest.dependencies).map(([name, version]) => `${name} ${version}`);
  return `${goalTables(result)}\n\n${`${versions.join(", ")}\n${machineText(machine)}`}`;
}

async function empty(url: string): Promise<void> {
  const client = createClient({ url });
  await client.connect();
  await client.flushAll();
  client.destroy();
}
