/** Rates of several contenders: rounds that go round all of them in turn, each time beginning with another one. */
import { showProgress } from "../progress.ts";
import { median } from "../quantile.ts";
import type { Rates } from "./client-goals.ts";
import type { NodeProgram } from "./node-program.ts";
import type { Figure, PartContext } from "./part.ts";

export interface RoundOptions {
  inFlight: number;
  forMs: number;
  rounds: number;
}

/** As many and as long as a full or a quick run wants. */
export function roundsFor({ isQuick }: PartContext, inFlight: number): RoundOptions {
  return { inFlight, forMs: isQuick ? 500 : 1_500, rounds: isQuick ? 3 : 7 };
}

export async function measureRates(
  programs: ReadonlyMap<string, NodeProgram>,
  { rounds, ...options }: RoundOptions,
  signal: AbortSignal,
): Promise<Rates> {
  const rates = new Map([...programs.keys()].map((name): [string, number[]] => [name, []]));
  const names = [...programs.keys()];
  for (const program of programs.values()) await program.ask("rate", { ...options, forMs: options.forMs / 3 });
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      signal.throwIfAborted();
      const name = names[(round + turn) % names.length] as string;
      const { perSecond, loads } = await (programs.get(name) as NodeProgram).ask<{ perSecond: number; loads: number }>(
        "rate",
        options,
      );
      if (loads > 0) throw new Error(`${name} loaded ${loads} times where everything was stored`);
      rates.get(name)?.push(perSecond);
      showProgress(round * names.length + turn + 1, rounds * names.length);
    }
  }
  return rates;
}

export function rateFigures(what: string, rates: Rates): Figure[] {
  return [...rates].map(([contender, values]) => ({
    what,
    contender,
    value: Math.round(median(values)),
    unit: "/s",
  }));
}
