/** How many hits a second each level gives, and what an entry of the first costs. */
import { atLeast, atMost, fastest } from "./client-goals.ts";
import { NodeProgram } from "./node-program.ts";
import type { Part, PartContext } from "./part.ts";
import { measureRates, rateFigures, roundsFor } from "./rounds.ts";

const ours = "larder";
const firstLevels = [ours, "lru-cache", "bentocache", "cache-manager", "cacheable", "redis, client-side cache"];
/** cacheable has no way to be without its first level. */
const secondLevels = [ours, "larder, tracking", "bentocache", "cache-manager"];
const plain = ["redis", "redis, no time-out", "ioredis", "valkey-glide"];

export const firstLevel: Part = async (context) => {
  await using programs = await filled(firstLevels, "both", context);
  const many = await measureRates(programs.byName, roundsFor(context, 64), context.signal);
  const one = await measureRates(programs.byName, roundsFor(context, 1), context.signal);
  const goals = [many, one].flatMap((rates, index) => {
    const part = `first level, ${index === 0 ? "64 in flight" : "one by one"}`;
    return [
      atLeast(part, rates, [ours, "bentocache"], 10),
      atLeast(part, rates, [ours, "redis, client-side cache"], 10),
      atLeast(part, rates, [ours, "lru-cache"], 0.5),
    ];
  });
  const figures = [
    ...rateFigures("first-level hits, 64 in flight", many),
    ...rateFigures("first-level hits, one by one", one),
  ];
  return { figures, goals };
};

export const secondLevel: Part = async (context) => {
  await using programs = await filled(secondLevels, "second", context);
  for (const name of plain) programs.add(name, new NodeProgram("plain-rates.mjs", [name, context.url]));
  const rates = await measureRates(programs.byName, roundsFor(context, 64), context.signal);
  const part = "second level, 64 in flight";
  return {
    figures: rateFigures("second-level hits, 64 in flight", rates),
    goals: [
      atLeast(part, rates, [ours, fastest(rates, plain)], 0.9),
      atLeast(part, rates, ["larder, tracking", fastest(rates, plain)], 0.9),
      atLeast(part, rates, [ours, "bentocache"], 2),
    ],
  };
};

export const entryMemory: Part = async () => {
  const bytes = new Map<string, number>();
  for (const name of [ours, "bentocache", "cache-manager", "cacheable", "lru-cache"]) {
    await using program = new NodeProgram("entry-memory.mjs", [name], { nodeOptions: ["--expose-gc"] });
    bytes.set(name, Math.round(await program.ask<number>("bytesPerEntry")));
  }
  const limit = bytes.get("bentocache") ?? Number.NaN;
  return {
    figures: [...bytes].map(([contender, value]) => ({
      what: "an entry of the first level",
      contender,
      value,
      unit: "B",
    })),
    goals: [
      atMost("first level", "bytes for an entry, beside bentocache", bytes.get(ours) ?? Number.NaN, [limit, "B"]),
    ],
  };
};

class Programs implements AsyncDisposable {
  readonly byName = new Map<string, NodeProgram>();

  add(name: string, program: NodeProgram): void {
    this.byName.set(name, program);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.byName.values()) await program.kill();
  }
}

async function filled(names: readonly string[], levels: "both" | "second", { url }: PartContext): Promise<Programs> {
  const programs = new Programs();
  for (const name of names) {
    const program = new NodeProgram("cache-rates.mjs", [name, levels, url]);
    programs.add(name, program);
    await program.ask("fill");
  }
  return programs;
}
