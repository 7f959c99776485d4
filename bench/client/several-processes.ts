/** What becomes of a cache that several processes share: loads of a key that all miss, and values that were overtaken. */
import { randomFrom, testSeed } from "../../tests/fixture/seed.ts";
import { quantile } from "../quantile.ts";
import { atMost, exactly } from "./client-goals.ts";
import { NodeProgram } from "./node-program.ts";
import type { Figure, Part } from "./part.ts";

const ours = "larder";
const contenders = [ours, "bentocache", "cache-manager", "cacheable", "redis, client-side cache"];

/** Each process has so many callers, for each key. */
const callers = 1_000;
const stampedes = 5;

export const stampede: Part = async ({ url, signal }) => {
  const figures: Figure[] = [];
  let worst = 0;
  for (const contender of contenders) {
    await using processes = startProcesses(contender, url, 4);
    const loads: number[] = [];
    for (let round = 0; round < stampedes; round++) {
      signal.throwIfAborted();
      const order = { key: `stampede:${contender}:${round}`, callers, loadMs: 200 };
      const each = await Promise.all(processes.all.map((program) => program.ask<number>("stampede", order)));
      loads.push(each.reduce((sum, count) => sum + count, 0));
    }
    const most = Math.max(...loads);
    if (contender === ours) worst = most;
    figures.push({
      what: `loads of a key that ${callers} callers miss in each of 4 processes`,
      contender,
      value: most,
      unit: "",
    });
  }
  return { figures, goals: [exactly("stampede", "loads, the most of five times", worst, 1)] };
};

/** Rounds that run at once, each with a key of its own. */
const atOnce = 16;
const raceMs = 4;
/** Longer than any of them takes to tell others. */
const settleMs = 50;

export const races: Part = async ({ url, isQuick, signal }) => {
  const rounds = isQuick ? 480 : 3_000;
  const figures: Figure[] = [];
  let ownStale = 0;
  for (const contender of contenders) {
    await using processes = startProcesses(contender, url, 2);
    const [reader, writer] = processes.all as [NodeProgram, NodeProgram];
    const random = randomFrom(testSeed);
    let stale = 0;
    for (let from = 0; from < rounds; from += atOnce) {
      signal.throwIfAborted();
      const keys = Array.from({ length: atOnce }, (_, index) => `race:${contender}:${from + index}`);
      const results = await Promise.all(keys.map((key) => race({ key, reader, writer, random })));
      stale += results.reduce((sum, count) => sum + count, 0);
    }
    if (contender === ours) ownStale = stale;
    figures.push({
      what: `stale values left by ${rounds} loads while another process writes`,
      contender,
      value: stale,
      unit: "",
    });
  }
  return { figures, goals: [exactly("races", "stale values left in either level", ownStale, 0)] };
};

interface Race {
  key: string;
  reader: NodeProgram;
  writer: NodeProgram;
  random: (below: number) => number;
}

/** How many of the two processes still have the old value afterwards. */
async function race({ key, reader, writer, random }: Race): Promise<number> {
  await writer.ask("write", { key, version: 1, afterMs: 0 });
  const load = { key, afterMs: random(raceMs), loadMs: random(raceMs) };
  const write = { key, version: 2, afterMs: random(2 * raceMs) };
  await Promise.all([reader.ask("load", load), writer.ask("write", write)]);
  await Bun.sleep(settleMs);
  const seen = [await reader.ask<number>("read", { key }), await writer.ask<number>("read", { key })];
  return seen.filter((version) => version !== 2).length;
}

export const staleness: Part = async ({ url, isQuick }) => {
  const writes = isQuick ? 100 : 500;
  const figures: Figure[] = [];
  let ownP99 = Number.NaN;
  for (const contender of contenders.filter((name) => !["cache-manager", "cacheable"].includes(name))) {
    await using processes = startProcesses(contender, url, 2);
    const { oldForMs, seenAfterMs } = await delaysOf(processes.all as [NodeProgram, NodeProgram], contender, writes);
    if (contender === ours) ownP99 = quantile(oldForMs, 0.99);
    for (const [what, delaysMs] of [
      ["after another process's write the old value is read for", oldForMs],
      ["after another process's write the new value is read after", seenAfterMs],
    ] as const)
      for (const [name, share] of [
        ["p50", 0.5],
        ["p99", 0.99],
      ] as const)
        figures.push({
          what: `${what}, ${name}`,
          contender,
          value: Number(quantile(delaysMs, share).toFixed(2)),
          unit: "ms",
        });
  }
  return { figures, goals: [atMost("staleness", "after another process's write, p99", ownP99, [5, "ms"])] };
};

/**
 * From the beginning of each write, which first changes the truth and then invalidates: until the last read elsewhere began that brings
 * an older value, and until the first ended that brings the new one, with its load.
 */
async function delaysOf(
  [reader, writer]: [NodeProgram, NodeProgram],
  contender: string,
  writes: number,
): Promise<{ oldForMs: number[]; seenAfterMs: number[] }> {
  const key = `staleness:${contender}`;
  const versions = Array.from({ length: writes }, (_, index) => index + 2);
  await writer.ask("write", { key, version: 1, afterMs: 0 });
  await reader.ask("read", { key });
  const [{ seenMs, olderMs }, beganMs] = await Promise.all([
    reader.ask<Watched>("watch", { key, versions, forMs: 60_000 }),
    writer.ask<number[]>("writes", { key, versions, pauseMs: 20 }),
  ]);
  const since = (ms: number | null, index: number) => Math.max(0, (ms ?? 0) - (beganMs[index] ?? 0));
  const wasSeen = (index: number) => seenMs[index] !== null;
  return {
    oldForMs: olderMs.map((ms, index) => (wasSeen(index) ? since(ms, index) : Number.POSITIVE_INFINITY)),
    seenAfterMs: seenMs.map((ms, index) => (wasSeen(index) ? since(ms, index) : Number.POSITIVE_INFINITY)),
  };
}

/** Of each version, by the machine's monotonic clock; null: never. */
export interface Watched {
  seenMs: (number | null)[];
  olderMs: (number | null)[];
}

function startProcesses(contender: string, url: string, count: number) {
  const all = Array.from({ length: count }, () => new NodeProgram("cache-process.mjs", [contender, url]));
  return {
    all,
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map((program) => program.kill()));
    },
  };
}
