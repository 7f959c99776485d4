/** Sessions beside connect-redis: requests a second over many live sessions, and parallel requests that set different fields. */
import { atLeast, exactly } from "./client-goals.ts";
import { NodeProgram } from "./node-program.ts";
import type { Part } from "./part.ts";
import { measureRates, rateFigures, roundsFor } from "./rounds.ts";

const ours = "larder";
const peers = ["connect-redis", "connect-redis, no time-out"];
const live = { full: 300_000, quick: 30_000 } as const;
const fieldWrites = { count: 20_000, sessionCount: 100 } as const;

export const sessionStore: Part = async (context) => {
  const programs = new Map(
    [ours, ...peers].map((name) => [name, new NodeProgram("sessions.mjs", [name, context.url])]),
  );
  try {
    for (const program of programs.values()) await program.ask("fill", context.isQuick ? live.quick : live.full);
    const rates = await measureRates(programs, roundsFor(context, 64), context.signal);
    const missing = new Map<string, number>();
    for (const name of [ours, "connect-redis, no time-out"])
      missing.set(name, (await programs.get(name)?.ask<number>("fieldWrites", fieldWrites)) ?? Number.NaN);
    const what = `fields missing after ${fieldWrites.count} requests set one each`;
    return {
      figures: [
        ...rateFigures("session requests (get + touch), 64 in flight", rates),
        ...[...missing].map(([contender, value]) => ({ what, contender, value, unit: "" })),
      ],
      goals: [
        // As its documentation sets it up; the other is beside it among the figures.
        atLeast("sessions", rates, [ours, "connect-redis"], 2),
        exactly("sessions", "fields lost", missing.get(ours) ?? Number.NaN, 0),
      ],
    };
  } finally {
    for (const program of programs.values()) await program.kill();
  }
};
