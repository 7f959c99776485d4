/** `npm run bench api`: how fast the management API is with a thousand caches in the store. */

import { type Goals, goalTables } from "../goal-tables.ts";
import { describeMachine, machineText } from "../machine.ts";
import { showProgress } from "../progress.ts";
import { median, quantile } from "../quantile.ts";
import { writeResult } from "../result.ts";
import { type BenchController, startController } from "./controller-process.ts";
import type { Call, LoadRun } from "./http-load.ts";

const cachesCount = 1_000;
const version = "api-version=2024-11-01";
const goal = { readsPerSecond: 2_000, writesPerSecond: 200, listMs: 50 };
const rounds = 5;

interface Round {
  reads: LoadRun;
  writes: LoadRun;
  rules: LoadRun;
  lists: LoadRun;
}

export async function benchApi({ isQuick, signal }: { isQuick: boolean; signal: AbortSignal }): Promise<boolean> {
  const machine = await describeMachine([]);
  await using stack = new AsyncDisposableStack();
  const controller = await startController(stack);
  const creates = await controller.load.run((number) => creation(controller, number), { count: cachesCount, at: 8 });
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    signal.throwIfAborted();
    measured.push(await measureRound(controller, isQuick ? 5 : 1));
    showProgress(round + 1, rounds);
  }
  const result = judge(creates, measured);
  const name = isQuick ? "api-quick" : "api";
  writeResult(name, { machine, goal, ...result }, `${goalTables(result)}\n\n${machineText(machine)}`);
  return result.goals.every(({ isMet }) => isMet);
}

async function measureRound({ load, group }: BenchController, share: number): Promise<Round> {
  const pathOf = (number: number) => cachePath(group, number % cachesCount);
  const caches = `${group}/providers/Microsoft.Cache/redis`;
  const read = (number: number): Call => ({ method: "GET", path: `${pathOf(number * 7)}?${version}` });
  const write = (number: number): Call => ({
    method: "PATCH",
    path: `${pathOf(number * 7)}?${version}`,
    body: { tags: { round: crypto.randomUUID() } },
  });
  const rule = (number: number): Call => ({
    method: "PUT",
    path: `${pathOf(number * 7)}/firewallRules/office?${version}`,
    body: { properties: { startIP: "10.0.0.1", endIP: `10.0.${number % 250}.${1 + Math.floor(Math.random() * 250)}` } },
  });
  return {
    reads: await load.run(read, { count: 10_000 / share, at: 16 }),
    writes: await load.run(write, { count: 1_000 / share, at: 16 }),
    rules: await load.run(rule, { count: 1_000 / share, at: 16 }),
    lists: await load.run(() => ({ method: "GET", path: `${caches}?${version}` }), { count: 20, at: 1 }),
  };
}

function creation({ group }: BenchController, number: number): Call {
  const properties = { sku: { name: "Basic", family: "C", capacity: 0 } };
  return { method: "PUT", path: `${cachePath(group, number)}?${version}`, body: { location: "local", properties } };
}

function cachePath(group: string, number: number): string {
  return `${group}/providers/Microsoft.Cache/redis/cache-${number}`;
}

function judge(creates: LoadRun, measured: readonly Round[]): Goals {
  const rate = (part: keyof Round) => Math.round(median(measured.map((round) => round[part].perSecond)));
  const times = (part: keyof Round) => measured.flatMap((round) => round[part].timesMs);
  const listMs = median(times("lists"));
  const [reads, writes, rules] = (["reads", "writes", "rules"] as const).map(rate) as [number, number, number];
  const perSecond = (what: string, least: number, value: number) => ({
    part: "api",
    what,
    wanted: `≥ ${least.toLocaleString("en")}/s`,
    measured: `${value.toLocaleString("en")}/s`,
    isMet: value >= least,
  });
  return {
    goals: [
      perSecond("reads of a cache, 16 in flight", goal.readsPerSecond, reads),
      perSecond("writes of a cache's tags, 16 in flight", goal.writesPerSecond, writes),
      perSecond("writes of a firewall rule, in force at the gateway, 16 in flight", goal.writesPerSecond, rules),
      {
        part: "api",
        what: `list of ${cachesCount.toLocaleString("en")} caches`,
        wanted: `< ${goal.listMs} ms`,
        measured: `${Math.round(listMs)} ms`,
        isMet: listMs < goal.listMs,
      },
    ],
    figures: [
      ...(["reads", "writes", "rules", "lists"] as const).map((part) => ({
        what: `${part}: 99th percentile`,
        contender: "larder",
        value: Math.round(quantile(times(part), 0.99)),
        unit: "ms",
      })),
      {
        what: `creations asked for, 8 in flight, from none to ${cachesCount.toLocaleString("en")}`,
        contender: "larder",
        value: Math.round(creates.perSecond),
        unit: "/s",
      },
    ],
  };
}
