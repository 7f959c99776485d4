/** A server that is moved while its clients write, by Larder and by the usual tools, each time from a source of its own. */
import { atMost, exactly, type Goal } from "../../client/client-goals.ts";
import type { Figure, PartResult } from "../../client/part.ts";
import type { DataContext } from "../part.ts";
import { type ByTool, moveByFile } from "./by-file.ts";
import { type ByLarder, moveByLarder } from "./by-larder.ts";
import { moveByPipe } from "./by-pipe.ts";
import { type Noticed, Source, type SourceSize } from "./source.ts";

const full: SourceSize = { keys: 5_000_000, writesPerSecond: 20_000, clients: 50, baselineMs: 15_000 };
const quick: SourceSize = { ...full, keys: 500_000, baselineMs: 4_000 };
const limits = { p99Times: 1.5, holdMs: 50 };
const tools = { "valkey-cli --rdb and a start": moveByFile, "valkey-cli --pipe": moveByPipe } as const;

export async function migration({ isQuick, signal, directory }: DataContext): Promise<PartResult> {
  const size = isQuick ? quick : full;
  const from = async <Result>(move: (source: Source) => Promise<Result>): Promise<Result> => {
    await using stack = new AsyncDisposableStack();
    // Without the wait the stack would end the source at once.
    return await move(await Source.start(stack, { directory, size, signal }));
  };
  const larder = await from((source) => moveByLarder(source, isQuick ? 1 : 3, signal));
  const peers: [string, ByTool][] = [];
  for (const [name, move] of Object.entries(tools))
    peers.push([name, await from((source) => move(source, directory, signal))]);
  return { figures: figuresOf(size, larder, peers), goals: goalsOf(larder) };
}

function goalsOf(larder: ByLarder): Goal[] {
  const part = "migration";
  return [
    atMost(part, "p99 of the source's clients, beside before", round(p99Times(larder)), [limits.p99Times, "times"]),
    atMost(part, "clients of the gateway held", larder.holdMs, [limits.holdMs, "ms"]),
    exactly(part, "keys that differ afterwards", larder.differences, 0),
    exactly(part, "acknowledged writes lost", larder.kept.lost, 0),
    exactly(part, "writes done twice", larder.kept.doubled, 0),
  ];
}

function figuresOf(size: SourceSize, larder: ByLarder, peers: readonly [string, ByTool][]): Figure[] {
  const contender = "larder";
  const figures: Figure[] = [
    { what: "until all is there and changes are followed", contender, value: Math.round(larder.copyMs), unit: "ms" },
    { what: "cut-over, from asking for it to its end", contender, value: Math.round(larder.cutOverMs), unit: "ms" },
    { what: "slowest request of the gateway's clients then", contender, value: round(larder.seenMs), unit: "ms" },
    { what: "their p99 before", contender, value: round(larder.gatewayBefore.p99Ms), unit: "ms" },
    { what: "comparison of all keys", contender, value: Math.round(larder.compareMs), unit: "ms" },
  ];
  for (const [name, { moveMs }] of peers)
    figures.push({ what: "until all is there", contender: name, value: Math.round(moveMs), unit: "ms" });
  for (const [name, noticed] of [[contender, larder] as const, ...peers])
    figures.push(...noticedFigures(name, noticed));
  // Whose clients are to lose nothing has to keep them from writing all the while.
  for (const [name, { moveMs, interruptionMs }] of peers) {
    const value = Math.round(moveMs + interruptionMs);
    figures.push({ what: "no write, where clients are stopped first", contender: name, value, unit: "ms" });
  }
  const keys = `${size.keys.toLocaleString("en")} keys, ${size.writesPerSecond.toLocaleString("en")} writes/s`;
  return figures.map((figure) => ({ ...figure, what: `${keys}: ${figure.what}` }));
}

function noticedFigures(contender: string, noticed: Noticed): Figure[] {
  const { before, meanwhile, interruptionMs, kept } = noticed;
  return [
    { what: "p99 of the source's clients before", contender, value: round(before.p99Ms), unit: "ms" },
    { what: "the same meanwhile", contender, value: round(meanwhile.p99Ms), unit: "ms" },
    { what: "no write, where clients go on meanwhile", contender, value: Math.round(interruptionMs), unit: "ms" },
    {
      what: "acknowledged writes lost",
      contender,
      value: kept.lost,
      unit: `of ${kept.acknowledged.toLocaleString("en")}`,
    },
  ];
}

function p99Times({ before, meanwhile }: Noticed): number {
  return meanwhile.p99Ms / before.p99Ms;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
