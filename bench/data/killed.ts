/** What of acknowledged writes is lost when all engines of a cache with append-only files are killed, and of a lone engine with one. */
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@larder/service";
import { exactly, type Goal } from "../client/client-goals.ts";
import type { Figure, PartResult } from "../client/part.ts";
import type { Endpoint } from "../load.ts";
import { Counting } from "./counting/counting.ts";
import type { Kept } from "./counting/write-log.ts";
import type { DataContext } from "./part.ts";
import { startPlainEngine, untilLoaded } from "./plain-engine.ts";
import { ServedCache } from "./served-cache.ts";

/** Some seconds more than a file of writes may keep before it is on disk. */
const loadMs = { full: 20_000, quick: 5_000 };
const rounds = { full: 3, quick: 1 };
const lostMsAtMost = 1_000;
const backMsMax = 60_000;
const lookMs = 20;
const plan = { counters: 100_000, writesPerSecond: 10_000, clients: 50 };
const premium = { name: "Premium", family: "P", capacity: 1 } as const;

interface Killed extends Kept {
  killedMs: number;
  /** From the kill until it takes writes again. */
  backMs: number;
}

/** Something that is killed, and comes back at the same endpoint. */
interface Victim {
  endpoint: Endpoint;
  kill(): Promise<void>;
}

export async function killedEngines({ isQuick, signal, directory }: DataContext): Promise<PartResult> {
  await using stack = new AsyncDisposableStack();
  const redisConfiguration = { "aof-backup-enabled": "true" };
  const cache = await ServedCache.start(stack, { sku: premium, redisConfiguration }, { signal });
  const victims = { larder: servedVictim(cache), "the engine alone": await loneVictim(stack, directory, signal) };
  const outcomes: [string, Killed][] = [];
  for (let round = 0; round < rounds[isQuick ? "quick" : "full"]; round++)
    for (const [name, victim] of Object.entries(victims))
      outcomes.push([name, await killOnce(victim, { prefix: `round-${round}:`, seed: round + 1, isQuick, signal })]);
  return resultOf(outcomes);
}

function servedVictim(cache: ServedCache): Victim {
  return { endpoint: cache.endpoint, kill: async () => cache.killEngines() };
}

/** With the file that the cache has; it is started again at once, as the agent does it. */
async function loneVictim(stack: AsyncDisposableStack, parent: string, signal: AbortSignal): Promise<Victim> {
  const directory = mkdtempSync(join(parent, "killed-"));
  const settings = ["--appendonly", "yes", "--appendfsync", "everysec"];
  let engine = await startPlainEngine(directory, { settings });
  stack.defer(() => engine.stop());
  const endpoint = { port: engine.port, caPath: null, password: null };
  return {
    endpoint,
    async kill() {
      engine.kill();
      await engine.stop();
      engine = await startPlainEngine(directory, { settings, port: endpoint.port });
      await untilLoaded(engine, signal);
    },
  };
}

async function killOnce(
  { endpoint, kill }: Victim,
  { prefix, seed, isQuick, signal }: { prefix: string; seed: number; isQuick: boolean; signal: AbortSignal },
): Promise<Killed> {
  await using stack = new AsyncDisposableStack();
  const writes = Counting.start(stack, signal);
  await writes.begin({ endpoint, prefix, seed, ...plan });
  await systemClock.sleep(loadMs[isQuick ? "quick" : "full"]);
  const killMs = systemClock.monotonicMs();
  const { nowMs: killedMs } = await writes.look();
  await kill();
  await writes.end();
  const again = writes.beside("again");
  await untilWritten(again, { endpoint, prefix: `again-${prefix}`, seed, ...plan, writesPerSecond: 100, clients: 1 });
  const backMs = systemClock.monotonicMs() - killMs;
  return { ...(await writes.kept({ endpoint, prefix, base: 0 })), killedMs, backMs };
}

/** Its first write is acknowledged. */
async function untilWritten(writes: Counting, of: Parameters<Counting["begin"]>[0]): Promise<void> {
  const untilMs = systemClock.monotonicMs() + backMsMax;
  await writes.begin(of);
  for (;;) {
    const { firstAnsweredMs, problem } = await writes.look();
    if (firstAnsweredMs !== null) break;
    if (systemClock.monotonicMs() > untilMs) throw new Error(`it takes no writes again: ${problem}`);
    await systemClock.sleep(lookMs);
  }
  await writes.end();
}

function resultOf(outcomes: readonly [string, Killed][]): PartResult {
  const figures = outcomes.flatMap(([contender, outcome]) => figuresOf(contender, outcome));
  const own = outcomes.flatMap(([name, outcome]) => (name === "larder" ? [outcome] : []));
  const longestMs = Math.max(...own.map(lostMs));
  const within: Goal = {
    part: "killed",
    what: "all engines killed, append-only files: acknowledged writes are lost of",
    wanted: `≤ ${lostMsAtMost} ms`,
    measured: `${Math.round(longestMs)} ms`,
    isMet: longestMs <= lostMsAtMost,
  };
  const doubled = own.reduce((sum, outcome) => sum + outcome.doubled, 0);
  return { figures, goals: [within, exactly("killed", "writes done twice", doubled, 0)] };
}

function figuresOf(contender: string, outcome: Killed): Figure[] {
  const { lost, acknowledged, backMs } = outcome;
  const of = `of ${acknowledged.toLocaleString("en")}`;
  return [
    { what: "killed: acknowledged writes lost", contender, value: lost, unit: of },
    { what: "killed: the time that they are of", contender, value: Math.round(lostMs(outcome)), unit: "ms" },
    { what: "killed: until it takes writes again", contender, value: Math.round(backMs), unit: "ms" },
  ];
}

/** Before the kill; nothing lost is none of it. */
function lostMs({ lostSinceMs, killedMs }: Killed): number {
  return lostSinceMs === null ? 0 : Math.max(0, killedMs - lostSinceMs);
}
